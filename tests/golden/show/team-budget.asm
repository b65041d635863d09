# program e19a064e2685b82b, format 2, edition 1, 7240 bytes
# plan: table; 1 instruction, at most 4 steps for one decision
    0  table
                request_type interactive                adds 0
                request_type async                      adds 2
                request_type else                       adds 4
                team other                              adds 0
                team else                               adds 1
                monthly.spent above $400                adds 6
                monthly.spent above $495                adds 6
                monthly.spent above $499.999999999999   adds 6
                cell 0                                  then otherwise
                cell 1                                  then nobody
                cell 2                                  then otherwise
                cell 3                                  then nobody
                cell 4                                  then unhurried
                cell 5                                  then nobody
                cell 6                                  then otherwise
                cell 7                                  then nobody
                cell 8                                  then tight
                cell 9                                  then nobody
                cell 10                                 then tight
                cell 11                                 then nobody
                cell 12                                 then nearly-out
                cell 13                                 then nobody
                cell 14                                 then tight
                cell 15                                 then nobody
                cell 16                                 then tight
                cell 17                                 then nobody
                cell 18                                 then spent
                cell 19                                 then nobody
                cell 20                                 then stopped
                cell 21                                 then nobody
                cell 22                                 then stopped
                cell 23                                 then nobody
