# program d43fd2c374f193aa, format 2, edition 1, 9296 bytes
# plan: switches; 87 instructions, at most 14 steps for one decision
    0  search   now
                not set, or below mon 06:00             then 8
                mon 06:00..mon 18:59:59                 then 1
                mon 19:00..mon 21:59:59                 then 38
                mon 22:00..tue 05:59:59                 then 19
                tue 06:00..tue 06:59:59                 then 38
                tue 07:00..tue 18:59:59                 then 1
                tue 19:00..tue 21:59:59                 then 38
                tue 22:00..wed 05:59:59                 then 19
                wed 06:00..wed 06:59:59                 then 38
                wed 07:00..wed 18:59:59                 then 1
                wed 19:00..wed 21:59:59                 then 38
                wed 22:00..thu 05:59:59                 then 19
                thu 06:00..thu 06:59:59                 then 38
                thu 07:00..thu 18:59:59                 then 1
                thu 19:00..thu 21:59:59                 then 38
                thu 22:00..fri 05:59:59                 then 19
                fri 06:00..fri 06:59:59                 then 38
                fri 07:00..fri 21:59:59                 then 1
                fri 22:00..fri 23:59:59                 then 8
                sat 00:00..sat 05:59:59                 then 19
                sat 06:00..sat 21:59:59                 then 38
                sat 22:00..sun 05:59:59                 then 19
                sun 06:00..sun 21:59:59                 then 38
                sun 22:00 or more                       then 59
    1  bits     model class 0, class 1, class 3         then 60  else 2
    2  bits     team "ads" and 1 more, other            then 67  else 3
    3  between  wished slow..fast                       then pinned  else 4
    4  between  weekly.spent $1350 or more              then 83  else 5
    5  at-least request_type async                      then 7  else 6
    6  at-least tokens 5001                             then 58  else 52
    7  at-least tokens 5001                             then 55  else 48
    8  bits     model class 0, class 1, class 3         then 60  else 9
    9  bits     team "ads" and 1 more, other            then 67  else 10
   10  between  wished slow..fast                       then pinned  else 11
   11  between  weekly.spent $1350 or more              then 83  else 12
   12  at-least request_type async                      then 16  else 13
   13  at-least tokens 5001                             then 15  else 14
   14  equals   stream true                             then 52  else 27
   15  equals   stream true                             then 58  else 30
   16  at-least tokens 5001                             then 18  else 17
   17  equals   stream true                             then 48  else 34
   18  equals   stream true                             then 55  else 37
   19  bits     model class 0, class 1, class 3         then 60  else 20
   20  bits     team "ads" and 1 more, other            then 67  else 21
   21  between  wished slow..fast                       then pinned  else 22
   22  between  weekly.spent $1350 or more              then 83  else 23
   23  at-least request_type async                      then 31  else 24
   24  at-least tokens 5001                             then 28  else 25
   25  equals   stream true                             then 44  else 26
   26  between  date 2026-12-24..2026-12-26             then 78  else 27
   27  at-least waited 15m                              then 52  else 76
   28  equals   stream true                             then 45  else 29
   29  between  date 2026-12-24..2026-12-26             then 82  else 30
   30  at-least waited 15m                              then 58  else 81
   31  at-least tokens 5001                             then 35  else 32
   32  equals   stream true                             then 47  else 33
   33  between  date 2026-12-24..2026-12-26             then 78  else 34
   34  at-least waited 15m                              then 48  else 76
   35  equals   stream true                             then 54  else 36
   36  between  date 2026-12-24..2026-12-26             then 82  else 37
   37  at-least waited 15m                              then 55  else 81
   38  bits     model class 0, class 1, class 3         then 60  else 39
   39  bits     team "ads" and 1 more, other            then 67  else 40
   40  between  wished slow..fast                       then pinned  else 41
   41  between  weekly.spent $1350 or more              then 83  else 42
   42  at-least request_type async                      then 46  else 43
   43  at-least tokens 5001                             then 45  else 44
   44  between  date 2026-12-24..2026-12-26             then 78  else 52
   45  between  date 2026-12-24..2026-12-26             then 82  else 58
   46  at-least tokens 5001                             then 54  else 47
   47  between  date 2026-12-24..2026-12-26             then 78  else 48
   48  at-least sample 10%                              then 52  else 49
   49  at-least slow_unavailable 12.5001%               then 50  else 52
   50  equals   plan paid                               then 51  else line 24
   51  between  score 7..9                              then first  else line 24
   52  equals   plan paid                               then 53  else otherwise
   53  between  score 7..9                              then first  else otherwise
   54  between  date 2026-12-24..2026-12-26             then 82  else 55
   55  at-least sample 10%                              then 58  else 56
   56  at-least slow_unavailable 12.5001%               then 57  else 58
   57  equals   plan paid                               then first  else line 24
   58  equals   plan paid                               then first  else otherwise
   59  bits     model class 0, class 1, class 3         then 60  else 66
   60  bits     team "ads" and 1 more, other            then 67  else 61
   61  between  wished slow..fast                       then pinned  else 62
   62  at-least tokens 5001                             then 65  else 63
   63  equals   plan paid                               then 64  else line 20
   64  between  score 7..9                              then first  else line 20
   65  equals   plan paid                               then first  else line 20
   66  bits     team "ads" and 1 more, other            then 67  else 72
   67  between  wished slow..fast                       then pinned  else 68
   68  at-least tokens 5001                             then 71  else 69
   69  equals   plan paid                               then 70  else second
   70  between  score 7..9                              then first  else second
   71  equals   plan paid                               then first  else second
   72  between  wished slow..fast                       then pinned  else 73
   73  between  weekly.spent $1350 or more              then 83  else 74
   74  at-least tokens 5001                             then 80  else 75
   75  between  date 2026-12-24..2026-12-26             then 78  else 76
   76  equals   plan paid                               then 77  else line 23
   77  between  score 7..9                              then first  else line 23
   78  equals   plan paid                               then 79  else line 22
   79  between  score 7..9                              then first  else line 22
   80  between  date 2026-12-24..2026-12-26             then 82  else 81
   81  equals   plan paid                               then first  else line 23
   82  equals   plan paid                               then first  else line 22
   83  at-least tokens 5001                             then 86  else 84
   84  equals   plan paid                               then 85  else third
   85  between  score 7..9                              then first  else third
   86  equals   plan paid                               then first  else third
