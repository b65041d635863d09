/* base/zone_names.c: looks through the system's list of time zones.
 *
 * The list is tzdata's own, in the compact form of zic's input: a line "Z NAME ..." for each zone
 * and "L TARGET NAME" for each link. What cannot be read is as if it were not there. */
#include "base/zone_names.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ZONE_LIST "/usr/share/zoneinfo/tzdata.zi"

enum { LIST_LIMIT = 1 << 20, READ_SIZE = 1 << 15 };

static void read_list(struct buffer *list)
{
    int file = open(ZONE_LIST, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? 0 : 1;
    while (got > 0 && buffer_reserve(list, READ_SIZE)) {
        got = read(file, list->data + list->length, READ_SIZE);
        if (got > 0)
            list->length += (size_t)got;
    }
    if (file >= 0)
        close(file);
}

static struct text next_line(struct text *rest)
{
    const char *end = memchr(rest->data, '\n', rest->length);
    struct text line = {rest->data, end ? (size_t)(end - rest->data) : rest->length};
    size_t taken = line.length + (end != NULL);
    *rest = (struct text){rest->data + taken, rest->length - taken};
    return line;
}

/* The second word of a zone's line, the third of a link's; empty for other lines. */
static struct text name_in(struct text line)
{
    if (line.length < 2 || (line.data[0] != 'Z' && line.data[0] != 'L') || line.data[1] != ' ')
        return (struct text){"", 0};
    struct text name = {line.data + 2, line.length - 2};
    if (line.data[0] == 'L') {
        const char *blank = memchr(name.data, ' ', name.length);
        size_t skipped = blank ? (size_t)(blank - name.data) + 1 : name.length;
        name = (struct text){name.data + skipped, name.length - skipped};
    }
    const char *end = memchr(name.data, ' ', name.length);
    return (struct text){name.data, end ? (size_t)(end - name.data) : name.length};
}

/* The city alone, or the name with blanks in it, is the whole name to people. */
static bool same_but_region(struct text zone, struct text name)
{
    if (zone.length <= name.length || zone.data[zone.length - name.length - 1] != '/')
        return false;
    for (size_t i = 0; i < name.length; i++) {
        char wanted = zone.data[zone.length - name.length + i];
        char given = name.data[i] == ' ' ? '_' : name.data[i];
        if ((wanted | 0x20) != (given | 0x20))
            return false;
    }
    return name.length > 0;
}

void zone_name_near(struct text name, struct buffer *near)
{
    struct buffer list;
    struct nearest nearest;
    struct text city = {"", 0};
    nearest_init(&nearest, name);
    buffer_init(&list, LIST_LIMIT);
    read_list(&list);
    for (struct text rest = {list.data ? list.data : "", list.length}; rest.length;) {
        struct text zone = name_in(next_line(&rest));
        if (!memchr(zone.data, '/', zone.length))
            continue; /* abbreviations are near everything */
        nearest_offer(&nearest, zone);
        if (city.length == 0 && same_but_region(zone, name))
            city = zone;
    }
    buffer_text(near, city.length ? city : nearest.best);
    buffer_free(&list);
}
