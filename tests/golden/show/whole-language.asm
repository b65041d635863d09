# program d43fd2c374f193aa, format 1, edition 1, 7440 bytes
# 31 instructions, at most 23 for one decision
    0  is-set   wished                                  then 1  else 3
    1  between  wished slow..fast                       then 2  else 3
    2  decide   pinned
    3  between  plan paid                               then 4  else 7
    4  between  tokens 5001 or more                     then 6  else 5
    5  between  score 7..9                              then 6  else 7
    6  decide   first
    7  between  team "ads".."search"                    then 10  else 8
    8  between  team other.."search"                    then 9  else 11
    9  is-set   team                                    then 10  else 11
   10  decide   second
   11  like     model "gpt-*"                           then 13  else 12
   12  unlike   model "*mini"                           then 13  else 14
   13  decide   line 20
   14  between  weekly.spent $1350 or more              then 16  else 15
   15  between  weekly.spent $1490.000000000001 or more then 16  else 17
   16  decide   third
   17  among    now mon 19:00..tue 06:59:59, tue 19:00..wed 06:59:59, wed 19:00..thu 06:59:59, thu 19:00..fri 06:59:59, sat 00:00..sun 23:59:59 then 18  else 20
   18  between  date 2026-12-24..2026-12-26             then 19  else 20
   19  decide   line 22
   20  between  waited 0s..899999ms                     then 21  else 23
   21  between  stream false                            then 22  else 23
   22  among    now mon 00:00..mon 05:59:59, mon 22:00..tue 05:59:59, tue 22:00..wed 05:59:59, wed 22:00..thu 05:59:59, thu 22:00..fri 05:59:59, fri 22:00..sat 05:59:59, sat 22:00..sun 05:59:59, sun 22:00..sun 23:59:59 then 25  else 23
   23  between  now sun 00:00..sun 23:59:59             then 24  else 26
   24  among    now mon 22:00..mon 23:59:59, tue 22:00..tue 23:59:59, wed 22:00..wed 23:59:59, thu 22:00..thu 23:59:59, fri 22:00..fri 23:59:59, sat 22:00..sat 23:59:59, sun 22:00..sun 23:59:59 then 25  else 26
   25  decide   line 23
   26  between  slow_unavailable 12.5001%..100%         then 27  else 30
   27  between  request_type async..background          then 28  else 30
   28  between  sample 0%..9.9999%                      then 29  else 30
   29  decide   line 24
   30  decide   otherwise
