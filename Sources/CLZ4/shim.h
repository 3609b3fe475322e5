#ifndef TRIBUTARY_CLZ4_H
#define TRIBUTARY_CLZ4_H
#include <lz4.h>
#include <lz4frame.h>
#endif
