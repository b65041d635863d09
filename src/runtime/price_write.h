/* runtime/price_write.h: price tables as price files (docs/prices.md). */
#ifndef TIERWAY_RUNTIME_PRICE_WRITE_H
#define TIERWAY_RUNTIME_PRICE_WRITE_H

#include "runtime/price.h"

/* Appends the row as an object of a file's models, without a line break at its end. Its first line
 * is not indented, the others are by `indent` blanks. */
void price_row_write(const struct price_row *row, int indent, struct buffer *out);

/* Appends a whole file: `rows` in this order, under what the table says of itself. Read again it
 * gives the same rows. */
void price_table_write(const struct price_table *table, const struct price_row *const *rows,
                       size_t count, struct buffer *out);

#endif
