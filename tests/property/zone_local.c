/* tests/property/zone_local.c: zone_local as a filter, to be compared with the system's `date`.
 *
 * Reads lines "ZONE SECONDS" (seconds since 1970 in UTC); writes for each
 * "YYYY-MM-DD HH:MM:SS weekday offset", the offset in seconds. Exit status 1 on a line that is
 * none, 2 on a zone that does not open. */
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Opens the zone that `name` says, unless it is open already. */
static enum tw_status change_zone(const char *name, char *open_name, struct zone **zone)
{
    if (*zone && strcmp(name, open_name) == 0)
        return TW_OK;
    zone_free(*zone);
    memcpy(open_name, name, strlen(name) + 1);
    return zone_open(text_of(name), zone);
}

static bool write_local(struct buffer *line, const struct zone *zone, int64_t second)
{
    struct local_time local = zone_local(zone, second * 1000);
    buffer_clear(line);
    value_print(line, TW_TYPE_DATE, local.date);
    buffer_format(line, " %02d:%02d:%02d ", (int)local.second / 3600, (int)local.second / 60 % 60,
                  (int)local.second % 60);
    value_print(line, TW_TYPE_WEEKDAY, local.weekday);
    buffer_format(line, " %d", (int)local.offset);
    return line->status == TW_OK && puts(line->data) >= 0;
}

int main(void)
{
    char name[100], open_name[100] = "", input[200];
    struct zone *zone = NULL;
    struct buffer line;
    buffer_init(&line, 200);
    int status = 0;
    while (status == 0 && fgets(input, sizeof input, stdin)) {
        int64_t second;
        if (sscanf(input, "%99s %" SCNd64, name, &second) != 2)
            status = 1;
        else if (change_zone(name, open_name, &zone))
            status = 2;
        else if (!write_local(&line, zone, second))
            status = 1;
    }
    buffer_free(&line);
    zone_free(zone);
    return status;
}
