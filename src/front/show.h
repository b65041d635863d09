/* front/show.h: what the first stages make of a text, for people who look inside.
 *
 * Both write into a buffer that the caller has initialised, and touch nothing else. What is shown
 * is meant for reading and may change with the language. Every line begins with its place, from
 * and to, as line:column from 1. */
#ifndef TIERWAY_FRONT_SHOW_H
#define TIERWAY_FRONT_SHOW_H

#include "front/front.h"

/* One token or comment a line, in the order of the text, file by file: kind, text as written, and
 * a literal's value in the scale of its type. */
void show_tokens(struct front *front, struct buffer *out);
/* The tree of all statements, indented; includes stand expanded. */
void show_tree(struct front *front, struct buffer *out);

/* "  12:5-12:9    " at the start of a line, padded. */
void show_place(struct sources *sources, struct span span, struct buffer *out);

#endif
