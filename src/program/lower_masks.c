/* program/lower_masks.c */
#include "program/lower.h"
bool masks_plan(struct lowered *lowered, struct conjunctions **conjunctions)
{
    (void)lowered;
    (void)conjunctions;
    return false;
}
void lower_masks(struct lowered *lowered, struct conjunctions *conjunctions)
{
    (void)lowered;
    (void)conjunctions;
}
