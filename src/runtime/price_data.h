/* runtime/price_data.h: the price files of policies/prices, which the build puts into the library
 * (cmake/embed.cmake), so that the command needs no files beside it. */
#ifndef TIERWAY_RUNTIME_PRICE_DATA_H
#define TIERWAY_RUNTIME_PRICE_DATA_H

#include <stddef.h>

extern const unsigned char price_data_seed[];
extern const size_t price_data_seed_size;
extern const unsigned char price_data_openai[];
extern const size_t price_data_openai_size;

#endif
