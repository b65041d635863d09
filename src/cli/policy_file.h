/* cli/policy_file.h: what the commands that take a policy and attributes share. */
#ifndef TIERWAY_CLI_POLICY_FILE_H
#define TIERWAY_CLI_POLICY_FILE_H

#include "cli/cli.h"
#include "front/front.h"

/* A policy from a file, as text or as a program image. */
struct policy_file {
    struct buffer content;
    struct front front; /* of a text; what is_image leaves empty */
    bool is_image, front_read;
    tw_policy *policy;
};

/* Reads and parses a text, without compiling. False after a message on standard error. A file that
 * is a program image is refused. */
bool policy_file_read(const struct command *command, const char *path, struct policy_file *file);
/* Reads, checks, compiles and loads. Errors in the text go to standard error. */
bool policy_file_open(const struct command *command, const char *path, struct policy_file *file);
void policy_file_close(struct policy_file *file);
/* Whether a property speaks against the tier that a job near its deadline may step up to without
 * being named by a rule (queue/urgency.h): `never` that tier, or `always` another one, for whatever
 * requests. True for an image, which does not hold its properties. */
bool policy_file_names_all_tiers(const struct policy_file *file);
/* The same of a policy that was read as text. */
bool policy_names_all_tiers(const struct policy_tree *policy);

/* Prints the findings of at least this severity, as people read them; how many there were. */
size_t print_findings(const struct findings *findings, enum tw_severity least, int descriptor);

/* Sets ATTR=VALUE arguments. False after a message on standard error. */
bool set_attributes(const struct command *command, tw_request *request,
                    const char *const *arguments, size_t count);
/* The instant of --now, or the system's clock where text is NULL. */
bool read_now(const struct command *command, const char *text, int64_t *instant);
/* Whether any of the arguments gives `now`, which then stands for the whole clock. */
bool gives_now(const char *const *arguments, size_t count);

#endif
