/* base/zone_names.h: the names of the system's time zones, to say which one was meant. */
#ifndef TIERWAY_BASE_ZONE_NAMES_H
#define TIERWAY_BASE_ZONE_NAMES_H

#include "base/text.h"

/* Appends the zone whose name ("Europe/Berlin") is the likeliest for `name`, which is none, to
 * `near`; nothing where none is near, or where the system has no list of its zones. Reads
 * /usr/share/zoneinfo/tzdata.zi, so it is for messages only. near: initialised by the caller. */
void zone_name_near(struct text name, struct buffer *near);

#endif
