/* cli/line_diff.c: unified differences, by Myers' greedy algorithm.
 *
 * Lines are compared by hash first. Common lines at both ends are cut off. In between, the search
 * keeps one row of furthest points for each number of edits, and gives up at MAX_EDITS: then the
 * whole middle counts as replaced, which is correct if not short. */
#include "cli/line_diff.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_EDITS = 2000, CONTEXT = 3 };

struct line {
    struct text text; /* with its newline, where it has one */
    uint64_t hash;
};

struct lines {
    struct line *items;
    size_t count;
};

/* One text is the old one, the other the new one; removed[i] and added[j] mark the edits. */
struct comparison {
    struct lines old_lines, new_lines;
    bool *removed, *added;
    size_t start;            /* lines that are common at the beginning */
    size_t old_end, new_end; /* where the common lines at the end begin */
};

static bool split(struct text text, struct lines *lines)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += text.data[i] == '\n';
    *lines = (struct lines){malloc((count + 1) * sizeof(struct line)), 0};
    while (lines->items && text.length) {
        const char *newline = memchr(text.data, '\n', text.length);
        size_t length = newline ? (size_t)(newline - text.data) + 1 : text.length;
        struct text line = {text.data, length};
        lines->items[lines->count++] = (struct line){line, text_hash(line, 0)};
        text.data += length;
        text.length -= length;
    }
    return lines->items != NULL;
}

static bool same(const struct comparison *comparison, size_t old_line, size_t new_line)
{
    const struct line *a = &comparison->old_lines.items[old_line];
    const struct line *b = &comparison->new_lines.items[new_line];
    return a->hash == b->hash && text_equal(a->text, b->text);
}

static void cut_common_ends(struct comparison *comparison)
{
    size_t start = 0;
    size_t old_end = comparison->old_lines.count, new_end = comparison->new_lines.count;
    while (start < old_end && start < new_end && same(comparison, start, start))
        start++;
    while (old_end > start && new_end > start && same(comparison, old_end - 1, new_end - 1))
        old_end--, new_end--;
    comparison->start = start;
    comparison->old_end = old_end;
    comparison->new_end = new_end;
}

/* furthest[k + edits] is how far the old text is read on diagonal k (old line - new line) with
 * this many edits. Row d has 2 d + 1 points and begins at d * d, so that rows lie end to end. */
static long *row_of(long *rows, long edits)
{
    return rows + edits * edits + edits;
}

/* Does the best way to diagonal k with one edit more come from above, by adding a new line? */
static bool comes_by_adding(const long *before, long edits, long k)
{
    return k == -edits || (k != edits && before[k - 1] < before[k + 1]);
}

static long step(const long *before, long edits, long k)
{
    if (edits == 0)
        return 0;
    return comes_by_adding(before, edits, k) ? before[k + 1] : before[k - 1] + 1;
}

static long slide(const struct comparison *comparison, long at, long k)
{
    long old_count = (long)(comparison->old_end - comparison->start);
    long new_count = (long)(comparison->new_end - comparison->start);
    while (at < old_count && at - k < new_count &&
           same(comparison, comparison->start + (size_t)at, comparison->start + (size_t)(at - k)))
        at++;
    return at;
}

/* The least number of edits, or -1 where MAX_EDITS are not enough. */
static long search(const struct comparison *comparison, long *rows)
{
    long old_count = (long)(comparison->old_end - comparison->start);
    long new_count = (long)(comparison->new_end - comparison->start);
    for (long edits = 0; edits <= MAX_EDITS; edits++) {
        long *row = row_of(rows, edits), *before = edits ? row_of(rows, edits - 1) : NULL;
        for (long k = -edits; k <= edits; k += 2) {
            row[k] = slide(comparison, step(before, edits, k), k);
            if (row[k] >= old_count && row[k] - k >= new_count)
                return edits;
        }
    }
    return -1;
}

static void trace_back(struct comparison *comparison, long *rows, long edits)
{
    long k = (long)comparison->old_end - (long)comparison->new_end;
    for (; edits > 0; edits--) {
        const long *before = row_of(rows, edits - 1);
        long at = step(before, edits, k);
        if (comes_by_adding(before, edits, k)) {
            comparison->added[comparison->start + (size_t)(at - k - 1)] = true;
            k++;
        } else {
            comparison->removed[comparison->start + (size_t)(at - 1)] = true;
            k--;
        }
    }
}

static bool find_edits(struct comparison *comparison)
{
    size_t longest = comparison->old_end + comparison->new_end - 2 * comparison->start;
    size_t most = longest < MAX_EDITS ? longest : MAX_EDITS;
    long *rows = malloc((most + 1) * (most + 1) * sizeof *rows);
    if (!rows)
        return false;
    long edits = search(comparison, rows);
    if (edits >= 0)
        trace_back(comparison, rows, edits);
    for (size_t i = comparison->start; edits < 0 && i < comparison->old_end; i++)
        comparison->removed[i] = true;
    for (size_t i = comparison->start; edits < 0 && i < comparison->new_end; i++)
        comparison->added[i] = true;
    free(rows);
    return true;
}

/* Some lines of both texts: [old_start, old_end) and [new_start, new_end). */
struct hunk {
    size_t old_start, old_end, new_start, new_end;
};

static void print_line(struct buffer *out, char sign, struct text line)
{
    buffer_byte(out, sign);
    buffer_text(out, line);
    if (line.data[line.length - 1] != '\n')
        buffer_string(out, "\n\\ No newline at end of file\n");
}

/* "12,3": the first line from 1, and how many; an empty range names the line before it. */
static void print_range(struct buffer *out, size_t start, size_t end)
{
    buffer_format(out, "%zu", end > start ? start + 1 : start);
    if (end - start != 1)
        buffer_format(out, ",%zu", end - start);
}

static void print_hunk(const struct comparison *comparison, struct hunk hunk, struct buffer *out)
{
    buffer_string(out, "@@ -");
    print_range(out, hunk.old_start, hunk.old_end);
    buffer_string(out, " +");
    print_range(out, hunk.new_start, hunk.new_end);
    buffer_string(out, " @@\n");
    size_t i = hunk.old_start, j = hunk.new_start;
    while (i < hunk.old_end || j < hunk.new_end) {
        if (i < hunk.old_end && comparison->removed[i]) {
            print_line(out, '-', comparison->old_lines.items[i++].text);
        } else if (j < hunk.new_end && comparison->added[j]) {
            print_line(out, '+', comparison->new_lines.items[j++].text);
        } else {
            print_line(out, ' ', comparison->old_lines.items[i++].text);
            j++;
        }
    }
}

static bool edited(const struct comparison *comparison, size_t i, size_t j)
{
    return (i < comparison->old_lines.count && comparison->removed[i]) ||
           (j < comparison->new_lines.count && comparison->added[j]);
}

static void skip_edits(const struct comparison *comparison, size_t *i, size_t *j)
{
    while (*i < comparison->old_lines.count && comparison->removed[*i])
        ++*i;
    while (*j < comparison->new_lines.count && comparison->added[*j])
        ++*j;
}

/* Grows the hunk over further edits that are near enough to share its context. */
static void grow_hunk(const struct comparison *comparison, struct hunk *hunk)
{
    size_t i = hunk->old_end, j = hunk->new_end;
    for (size_t common = 0; common <= 2 * CONTEXT; common++) {
        if (edited(comparison, i, j)) {
            skip_edits(comparison, &i, &j);
            hunk->old_end = i;
            hunk->new_end = j;
            common = 0;
        }
        if (i == comparison->old_lines.count)
            return;
        i++, j++;
    }
}

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void print_hunks(const struct comparison *comparison, struct buffer *out)
{
    size_t i = 0, j = 0;
    while (i < comparison->old_lines.count || j < comparison->new_lines.count) {
        if (!edited(comparison, i, j)) {
            i++, j++;
            continue;
        }
        size_t lead = at_most(i, CONTEXT);
        struct hunk hunk = {i - lead, i, j - lead, j};
        grow_hunk(comparison, &hunk);
        i = hunk.old_end;
        j = hunk.new_end;
        size_t trail = at_most(comparison->old_lines.count - i, CONTEXT);
        hunk.old_end += trail;
        hunk.new_end += trail;
        print_hunk(comparison, hunk, out);
    }
}

static bool compare(struct comparison *comparison)
{
    comparison->removed = calloc(comparison->old_lines.count + 1, 1);
    comparison->added = calloc(comparison->new_lines.count + 1, 1);
    if (!comparison->removed || !comparison->added)
        return false;
    cut_common_ends(comparison);
    return find_edits(comparison);
}

void line_diff(struct text old_text, struct text new_text, const char *old_name,
               const char *new_name, struct buffer *out)
{
    if (text_equal(old_text, new_text))
        return;
    struct comparison comparison = {0};
    if (split(old_text, &comparison.old_lines) && split(new_text, &comparison.new_lines) &&
        compare(&comparison)) {
        buffer_format(out, "--- %s\n+++ %s\n", old_name, new_name);
        print_hunks(&comparison, out);
    } else {
        out->status = TW_NO_MEMORY;
    }
    free(comparison.old_lines.items);
    free(comparison.new_lines.items);
    free(comparison.removed);
    free(comparison.added);
}
