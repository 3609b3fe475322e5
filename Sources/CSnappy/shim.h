#ifndef TRIBUTARY_CSNAPPY_H
#define TRIBUTARY_CSNAPPY_H
#include <snappy-c.h>
#endif
