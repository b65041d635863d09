/* runtime/attributes_json.h: attributes from a JSON object, as `decide --jsonl` reads a line.
 *
 * Numbers stand for whole numbers, dollars and percent only; true and false for bools; strings for
 * everything but bools, in the language's own form; null as if the member were not there. */
#ifndef TIERWAY_RUNTIME_ATTRIBUTES_JSON_H
#define TIERWAY_RUNTIME_ATTRIBUTES_JSON_H

#include "base/json.h"
#include "program/run/program.h"

/* Sets each member as an attribute. scratch is the caller's, for strings with escapes; what was in
 * it is lost. TW_NOT_FOUND: an attribute that the policy does not know (never where
 * ignore_unknown). TW_INVALID: a value that is not of its attribute's type, or a member twice.
 * TW_LIMIT, TW_NO_MEMORY. error names the attribute. Members before the bad one are set then. */
enum tw_status attributes_set_json(tw_request *request, struct json_value object,
                                   bool ignore_unknown, struct buffer *scratch,
                                   struct tw_error *error);

/* Sets one attribute from a value in the same way; null leaves it as it is. */
enum tw_status attribute_set_json(tw_request *request, int attribute, struct json_value value,
                                  struct buffer *scratch, struct tw_error *error);

/* "an object", "null": for messages. */
const char *json_kind_words(enum json_kind kind);

#endif
