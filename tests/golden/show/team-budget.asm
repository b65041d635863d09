# program e19a064e2685b82b, format 1, edition 1, 6880 bytes
# 15 instructions, at most 9 for one decision
    0  is-set   team                                    then 2  else 1
    1  decide   nobody
    2  between  monthly.spent $500 or more              then 3  else 5
    3  between  request_type interactive                then 4  else 5
    4  decide   spent
    5  between  monthly.spent $500 or more              then 6  else 7
    6  decide   stopped
    7  between  monthly.spent $400.000000000001 or more then 8  else 10
    8  between  request_type async..background          then 9  else 10
    9  decide   tight
   10  between  monthly.spent $495.000000000001 or more then 11  else 12
   11  decide   nearly-out
   12  between  request_type background                 then 13  else 14
   13  decide   unhurried
   14  decide   otherwise
