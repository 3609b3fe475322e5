#ifndef TRIBUTARY_CZlib_H
#define TRIBUTARY_CZlib_H
#include <zlib.h>
#endif
