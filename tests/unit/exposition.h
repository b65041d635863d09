/* tests/unit/exposition.h: a strict reader of Prometheus' text format 0.0.4, for tests.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/. Stricter than a scrape: each family
 * has HELP and TYPE once, in front of all its lines; no series stands twice; counters end in
 * _total and are not negative; a histogram's buckets rise up to +Inf, which is its _count. */
#ifndef TIERWAY_TESTS_EXPOSITION_H
#define TIERWAY_TESTS_EXPOSITION_H

#include "unit.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPOSITION_SERIES = 4096, EXPOSITION_FAMILIES = 128, EXPOSITION_LINE = 2048 };

struct exposition {
    char *families[EXPOSITION_FAMILIES];
    size_t family_count;
    char type[32];
    char *series[EXPOSITION_SERIES];
    size_t series_count;
    double bucket; /* the last one's, -1 in front of the first */
    const char *complaint;
    size_t line;
};

static inline bool exposition_name(const char *name, size_t length)
{
    bool good = length > 0 && !isdigit((unsigned char)name[0]);
    for (size_t i = 0; i < length; i++)
        good = good && (isalnum((unsigned char)name[i]) || name[i] == '_' || name[i] == ':');
    return good;
}

static inline void exposition_complain(struct exposition *page, const char *complaint)
{
    if (!page->complaint)
        page->complaint = complaint;
}

static inline const char *exposition_family(const struct exposition *page)
{
    return page->family_count ? page->families[page->family_count - 1] : "";
}

/* "# HELP name text" or "# TYPE name type". */
static inline void exposition_comment(struct exposition *page, const char *line)
{
    bool help = strncmp(line, "# HELP ", 7) == 0;
    size_t length = strcspn(line + 7, " ");
    if (!help && strncmp(line, "# TYPE ", 7) != 0)
        exposition_complain(page, "a comment that is neither HELP nor TYPE");
    else if (!exposition_name(line + 7, length) || line[7 + length] != ' ')
        exposition_complain(page, "a head without a name");
    else if (help) {
        for (size_t i = 0; i < page->family_count; i++)
            if (strlen(page->families[i]) == length &&
                strncmp(page->families[i], line + 7, length) == 0)
                exposition_complain(page, "a family stands there twice");
        page->families[page->family_count++] = strndup(line + 7, length);
        page->type[0] = '\0';
        page->bucket = -1;
    } else if (strncmp(exposition_family(page), line + 7, length) != 0 ||
               exposition_family(page)[length] != '\0' || page->type[0]) {
        exposition_complain(page, "a TYPE that is not behind its HELP");
    } else {
        snprintf(page->type, sizeof page->type, "%s", line + 8 + length);
        const char *end = line + 7 + length - 6;
        if (strcmp(page->type, "counter") == 0 && strncmp(end, "_total", 6) != 0)
            exposition_complain(page, "a counter that does not end in _total");
    }
}

/* {a="b",c="d"}: its length, 0 where it is wrong. le: the value of that label, where it is one. */
static inline size_t exposition_labels(const char *labels, char *le, size_t le_size)
{
    const char *at = labels + 1;
    for (;;) {
        size_t name = strcspn(at, "=");
        if (!exposition_name(at, name) || at[name + 1] != '"')
            return 0;
        const char *value = at + name + 2, *end = value;
        while (*end && *end != '"') {
            if (*end == '\\' && !strchr("\\\"n", end[1]))
                return 0;
            end += *end == '\\' ? 2 : 1;
        }
        if (strncmp(at, "le=", 3) == 0)
            snprintf(le, le_size, "%.*s", (int)(end - value), value);
        if (*end != '"')
            return 0;
        at = end + 1;
        if (*at == '}')
            return (size_t)(at + 1 - labels);
        if (*at++ != ',')
            return 0;
    }
}

static inline void exposition_bucket(struct exposition *page, const char *le, double value)
{
    if (!le[0])
        exposition_complain(page, "a bucket without le");
    if (page->bucket > value)
        exposition_complain(page, "a bucket that is smaller than the one before");
    page->bucket = strcmp(le, "+Inf") == 0 ? -1 : value;
}

static inline void exposition_value(struct exposition *page, const char *line, size_t name,
                                    const char *le, double value)
{
    const char *family = exposition_family(page);
    const char *suffix = line + strlen(family);
    if (strncmp(line, family, strlen(family)) != 0 || !page->type[0])
        exposition_complain(page, "a line of another family");
    else if (strcmp(page->type, "histogram") != 0 && name != strlen(family))
        exposition_complain(page, "a line of another family");
    else if (strcmp(page->type, "histogram") == 0 && strncmp(suffix, "_bucket", 7) == 0)
        exposition_bucket(page, le, value);
    else if (strcmp(page->type, "counter") == 0 && value < 0)
        exposition_complain(page, "a counter under 0");
}

static inline void exposition_sample(struct exposition *page, const char *line)
{
    char le[64] = "";
    size_t name = strcspn(line, "{ "), labels = 0;
    if (!exposition_name(line, name))
        exposition_complain(page, "a series without a name");
    if (line[name] == '{' && (labels = exposition_labels(line + name, le, sizeof le)) == 0)
        exposition_complain(page, "labels that cannot be read");
    const char *number = line + name + labels;
    char *end = NULL;
    double value = *number == ' ' ? strtod(number + 1, &end) : 0;
    if (!end || end == number + 1 || *end || isspace((unsigned char)number[1]))
        exposition_complain(page, "a line without a number");
    else
        exposition_value(page, line, name, le, value);
    for (size_t i = 0; i < page->series_count; i++)
        if (strncmp(page->series[i], line, name + labels) == 0 &&
            page->series[i][name + labels] == '\0')
            exposition_complain(page, "a series stands there twice");
    if (page->series_count < EXPOSITION_SERIES)
        page->series[page->series_count++] = strndup(line, name + labels);
}

/* NULL, or what is wrong first; *line is where then. The text ends in NUL. */
static inline const char *exposition_check(const char *text, size_t *series, size_t *line_number)
{
    struct exposition *page = calloc(1, sizeof *page);
    char line[EXPOSITION_LINE];
    while (*text && !page->complaint) {
        size_t length = strcspn(text, "\n");
        page->line++;
        if (text[length] != '\n' || length == 0 || length >= sizeof line)
            exposition_complain(page, "a line that is empty, too long or without its end");
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        if (line[0] == '#')
            exposition_comment(page, line);
        else if (length)
            exposition_sample(page, line);
        text += length + (text[length] == '\n');
    }
    const char *complaint = page->complaint;
    *series = page->series_count;
    *line_number = page->line;
    for (size_t i = 0; i < page->family_count; i++)
        free(page->families[i]);
    for (size_t i = 0; i < page->series_count; i++)
        free(page->series[i]);
    free(page);
    return complaint;
}

/* Prometheus' own opinion, where promtool is installed. */
static inline void exposition_promtool(const char *text)
{
    if (system("command -v promtool >/dev/null") != 0)
        return;
    FILE *promtool = popen("promtool check metrics", "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(promtool);
    fputs(text, promtool);
    CU_ASSERT_EQUAL(pclose(promtool), 0);
}

static inline void exposition_assert(const char *text)
{
    size_t series, line;
    const char *complaint = exposition_check(text, &series, &line);
    if (complaint)
        printf("\n  line %zu: %s\n", line, complaint);
    CU_ASSERT_PTR_NULL(complaint);
    CU_ASSERT(series > 0);
    exposition_promtool(text);
}

#endif
