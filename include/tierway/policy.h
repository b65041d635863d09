/* tierway/policy.h: compile a policy, load it, decide requests with it.
 *
 * This part of the library needs neither network nor database. It never prints, never exits, never
 * reads the environment, and has no mutable globals: every function may be called from any thread
 * as long as its own arguments are not changed by another one meanwhile.
 *
 *     tw_policy *policy;
 *     tw_diagnostics *diagnostics;
 *     if (tw_policy_compile("card.tier", text, length, &policy, &diagnostics) == TW_OK) {
 *         tw_request *request;
 *         tw_request_new(policy, &request);
 *         tw_request_set(request, "priority", "low", NULL);
 *         uint32_t rule = tw_decide(policy, request);   // no allocation, no lock
 *     }
 *
 * Handles are freed with their own _free function, which takes NULL too. */
#ifndef TIERWAY_POLICY_H
#define TIERWAY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TW_API __attribute__((visibility("default")))
#define TW_EDITION 1             /* the newest language edition that this library compiles */
#define TW_MAX_STEPS 8           /* tiers in one rule's chain of `else` */
#define TW_MAX_SOURCE (16 << 20) /* bytes of one policy file; 10,000 rules take about 1 MB */

/* Every result a function can give. TW_OK is 0. */
enum tw_status {
#define TW_STATUS(name, text) TW_##name,
#include "tierway/status.def"
#undef TW_STATUS
};

/* The types of the policy language; types.def says how each is held in an int64_t. */
enum tw_type {
#define TW_TYPE(name, word, ordered) TW_TYPE_##name,
#include "tierway/types.def"
#undef TW_TYPE
};

/* What went wrong, in a person's words. Nothing in it is to be freed. */
struct tw_error {
    enum tw_status code;
    char message[240];
};

/* A constant text for a status, in English; never NULL. */
TW_API const char *tw_status_text(enum tw_status status);

typedef struct tw_policy tw_policy;           /* immutable: share it among threads freely */
typedef struct tw_request tw_request;         /* one request's attributes; one thread at a time */
typedef struct tw_diagnostics tw_diagnostics; /* what a compile has to say about its text */

/* Compiles policy text (UTF-8, at most TW_MAX_SOURCE bytes, need not end in NUL).
 *
 * name         the file's name; shown in diagnostics, and `include` is relative to it. Files that
 *              the text includes are read from disk.
 * policy       set on TW_OK, to be freed with tw_policy_free; otherwise NULL.
 * diagnostics  may be NULL. Set whatever the result, but for TW_NO_MEMORY; to be freed with
 *              tw_diagnostics_free. After TW_OK it holds warnings at most.
 * Returns TW_OK, TW_REFUSED (the policy has errors) or TW_NO_MEMORY. */
TW_API enum tw_status tw_policy_compile(const char *name, const char *text, size_t length,
                                        tw_policy **policy, tw_diagnostics **diagnostics);

/* Verifies a program image and makes it runnable. The bytes are copied, and may come from anywhere:
 * whatever they hold, the result is a policy that runs to its end in a bounded number of steps, or
 * an error. Returns TW_OK, TW_DAMAGED, TW_NEWER, TW_NOT_FOUND (the system does not know the
 * policy's time zone) or TW_NO_MEMORY; error may be NULL. */
TW_API enum tw_status tw_policy_load(const void *image, size_t length, tw_policy **policy,
                                     struct tw_error *error);
/* The policy as a program image. The bytes belong to the policy. */
TW_API const void *tw_policy_image(const tw_policy *policy, size_t *length);
TW_API void tw_policy_free(tw_policy *policy);

/* The hash of the policy's text and of the files it includes, in hexadecimal (16 digits). */
TW_API const char *tw_policy_hash(const tw_policy *policy);
/* The IANA name of the policy's zone; "UTC" where the policy names none. */
TW_API const char *tw_policy_timezone(const tw_policy *policy);
/* The provider's name ("openai", ...), or "" where the policy lists tiers of its own. */
TW_API const char *tw_policy_provider(const tw_policy *policy);

TW_API size_t tw_policy_tier_count(const tw_policy *policy);
/* NULL where index is not under tw_policy_tier_count. Tier 0 is the implicit default. */
TW_API const char *tw_policy_tier(const tw_policy *policy, size_t index);

/* Where the runtime reads an attribute's value. */
enum tw_source_kind {
    TW_FROM_CALLER, /* a header x-tierway-NAME, or the caller of this library */
    TW_FROM_HEADER, /* the request header named by `source` */
    TW_FROM_BODY,   /* the JSON pointer `source` in the request body */
    TW_FROM_CLOCK,  /* tw_request_set_instant */
    TW_FROM_BUDGET, /* the budget's spending window */
    TW_FROM_HEALTH  /* the share of refused attempts at the tier `source` */
};

struct tw_attribute {
    const char *name;
    enum tw_type type;
    enum tw_source_kind from;
    const char *source; /* as `from` says, else "" */
    bool needed;        /* some rule reads it; what is not needed must not be computed */
    bool builtin;
    bool has_default;
    int64_t default_value; /* for strings, see default_text */
    const char *default_text;
    size_t word_count; /* of an enum */
    const char *const *words;
};

TW_API size_t tw_policy_attribute_count(const tw_policy *policy);
/* False where index is out of range. What `attribute` points to lives as long as the policy. */
TW_API bool tw_policy_attribute(const tw_policy *policy, size_t index,
                                struct tw_attribute *attribute);
/* The index of an attribute by name, or -1. */
TW_API int tw_policy_find_attribute(const tw_policy *policy, const char *name);

/* A request for this policy, every attribute at its default. The policy must outlive it.
 * Make one and use it again and again: tw_request_clear puts it back as it was when new. */
TW_API enum tw_status tw_request_new(const tw_policy *policy, tw_request **request);
TW_API void tw_request_clear(tw_request *request);
TW_API void tw_request_free(tw_request *request);

/* Sets an attribute from text as the policy language writes it: "low", "5k", "$0.05", "90%",
 * "23:30", "2026-12-25", "15m", "true"; `now` takes an RFC 3339 instant and sets time, weekday and
 * date together in the policy's zone. The text is copied where it is needed.
 * Returns TW_NOT_FOUND for a name that the policy does not know (error says which name is near),
 * TW_INVALID for a value that is not of the attribute's type. */
TW_API enum tw_status tw_request_set(tw_request *request, const char *name, const char *value,
                                     struct tw_error *error);
/* The same by index, value in the type's own scale (types.def). Strings: TW_INVALID. */
TW_API enum tw_status tw_request_set_number(tw_request *request, size_t index, int64_t value);
/* A string attribute, by index; the bytes are not copied and must stay until the decision. */
TW_API enum tw_status tw_request_set_text(tw_request *request, size_t index, const char *text,
                                          size_t length);
/* Sets the clock: milliseconds since 1970-01-01T00:00:00Z, from year 1970 to 9999. */
TW_API enum tw_status tw_request_set_instant(tw_request *request, int64_t milliseconds);

/* Decides: the number of the first rule whose condition holds. tw_policy_rule_count() stands for
 * `otherwise`, written or not. Never fails, allocates nothing, takes no lock. */
TW_API uint32_t tw_decide(const tw_policy *policy, const tw_request *request);

struct tw_rule {
    const char *name;  /* its label, else "line N", else "otherwise" */
    const char *label; /* "" where it has none */
    const char *file;
    uint32_t line; /* 0 for an `otherwise` that is not written */
    uint32_t column;
};

/* Rules, without `otherwise`. */
TW_API uint32_t tw_policy_rule_count(const tw_policy *policy);
/* False where rule is over tw_policy_rule_count. */
TW_API bool tw_policy_rule(const tw_policy *policy, uint32_t rule, struct tw_rule *description);

/* One attempt of a rule's action. */
struct tw_step {
    uint32_t tier;    /* index, see tw_policy_tier */
    const char *name; /* the tier's name */
    int64_t timeout;  /* milliseconds, -1 where the rule sets none */
    uint32_t retry;   /* further attempts at this tier */
    bool strict;      /* the author wants no step after this one */
};

struct tw_action {
    size_t step_count; /* 0: rejected at once */
    struct tw_step steps[TW_MAX_STEPS];
    bool reject;          /* after the steps, if any, the request is rejected */
    const char *reason;   /* of the reject, "" where none was written */
    bool reads_attribute; /* some step takes its tier from the request */
};

/* What is to be done for a request that `rule` decided. A step that names an attribute of type tier
 * takes the request's value; where that is not set, or request is NULL, the implicit default.
 * False where rule is over tw_policy_rule_count. */
TW_API bool tw_policy_action(const tw_policy *policy, const tw_request *request, uint32_t rule,
                             struct tw_action *action);

/* Diagnostics, in the order of the text. */
enum tw_severity { TW_WARNING, TW_ERROR };

struct tw_diagnostic {
    const char *name; /* stable, says what it is: "unknown-name" */
    enum tw_severity severity;
    const char *file;
    uint32_t line, column; /* from 1; columns in code points */
    uint32_t end_line, end_column;
    const char *message;
    const char *help; /* "" where there is none */
};

TW_API size_t tw_diagnostics_count(const tw_diagnostics *diagnostics);
/* False where index is out of range. The strings live as long as the diagnostics. */
TW_API bool tw_diagnostics_get(const tw_diagnostics *diagnostics, size_t index,
                               struct tw_diagnostic *diagnostic);
TW_API void tw_diagnostics_free(tw_diagnostics *diagnostics);

#ifdef __cplusplus
}
#endif

#endif
