/* queue/submission.h: requests on their way into the queue: lines of a text, each read, made a job,
 * and submitted in groups that are durable or not there.
 *
 * One thread at a time. */
#ifndef TIERWAY_QUEUE_SUBMISSION_H
#define TIERWAY_QUEUE_SUBMISSION_H

#include "base/map.h"
#include "queue/batch_line.h"
#include "store/jobs.h"
#include "tierway/router.h"

#define SUBMISSION_GROUP 64              /* jobs */
#define SUBMISSION_GROUP_BYTES (8 << 20) /* of bodies, after which a group is full, too */

/* Where reading a text stands. */
struct lines {
    struct text rest;
    size_t number; /* of the line that was taken last; from 1 */
};

/* Takes the next line that is not blank, without its end. */
bool lines_next(struct lines *lines, struct text *line);

/* Ids, and the lines on which they stand. */
struct id_book {
    struct arena arena;
    struct map lines;
};

void id_book_init(struct id_book *book);
void id_book_free(struct id_book *book);
/* *first is the line on which the id was noted before; 0: it was not, and now it is. TW_LIMIT,
 * TW_NO_MEMORY. */
enum tw_status id_book_note(struct id_book *book, struct text id, size_t line, size_t *first);

/* What all jobs of a submission share. Texts are the caller's, and have to stay. */
struct submission_terms {
    int64_t now, deadline;            /* milliseconds since 1970 UTC */
    const struct tw_pair *attributes; /* for the policy */
    size_t attribute_count;
    struct text owner, batch, callback; /* as in struct job_submission */
};

/* A job that is ready for the store. */
struct ready_job {
    struct buffer id, body; /* an empty id: the store makes one */
};

struct submission_group {
    struct ready_job jobs[SUBMISSION_GROUP];
    size_t count, bytes;
};

void submission_group_init(struct submission_group *group);
void submission_group_free(struct submission_group *group);
/* Makes a job of a request and adds it, under this id, or if that is empty under its custom_id. The
 * group must not be full. TW_LIMIT: the job is longer than one may be; TW_NO_MEMORY. Nothing is
 * added then. */
enum tw_status submission_group_add(struct submission_group *group,
                                    const struct submission_terms *terms,
                                    const struct batch_request *request, struct text id,
                                    struct tw_error *error);
bool submission_group_full(const struct submission_group *group);

/* What became of one job of a group. */
struct submission_outcome {
    struct text id; /* given or made */
    bool existed;   /* one of this id was there, and nothing was changed */
    bool differs;   /* and it asks for something else, or is somebody else's */
};

typedef void (*submission_visitor)(void *context, const struct submission_outcome *outcome);

/* Submits all of a group or none, and then says of each what became of it (NULL: nobody wants to
 * know). Empties the group. Errors of the store. */
enum tw_status submission_group_submit(struct submission_group *group, struct store *store,
                                       const struct submission_terms *terms,
                                       submission_visitor visit, void *context,
                                       struct tw_error *error);

/* Reads all lines of a text as requests, and submits none. TW_OK: there is at least one, and no two
 * have the same id. Otherwise error says what is wrong, and on which line. `single`: there may be
 * no more than one. TW_INVALID, TW_LIMIT, TW_NO_MEMORY. */
enum tw_status submission_check(struct text text, bool single, struct tw_error *error);
/* Submits all lines of a text that was checked. `id`: of the one request; empty: each one's own. On
 * failure the groups before it are in the queue. */
enum tw_status submission_submit(struct store *store, struct text text,
                                 const struct submission_terms *terms, struct text id,
                                 submission_visitor visit, void *context, struct tw_error *error);

#endif
