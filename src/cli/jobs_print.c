/* cli/jobs_print.c: see jobs_print.h. */
#include "cli/jobs_print.h"

#include "base/json.h"

void job_print_text(struct buffer *out, const char *name, struct text text)
{
    buffer_format(out, ", \"%s\": ", name);
    if (text.length)
        json_write_string(out, text);
    else
        buffer_string(out, "null");
}

void job_print_members(struct buffer *out, const struct job *job)
{
    const struct {
        const char *name;
        int64_t number;
    } numbers[] = {
        {"submitted", job->submitted},
        {"due", job->due},
        {"deadline", job->deadline},
        {"ended", job->ended},
        {"lease", job->lease},
        {"claims", job->claim},
        {"refusals", job->refusals},
        {"expired", job->expired},
        {"callback_tries", job->callback_tries},
    };
    buffer_string(out, "\"id\": ");
    json_write_string(out, job->id);
    buffer_format(out, ", \"state\": \"%s\"", job_state_name(job->state));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        buffer_format(out, ", \"%s\": %lld", numbers[i].name, (long long)numbers[i].number);
    job_print_text(out, "owner", job->owner);
    job_print_text(out, "batch", job->batch);
    job_print_text(out, "callback", job->callback);
}
