#ifndef TRIBUTARY_CYaml_H
#define TRIBUTARY_CYaml_H
#include <yaml.h>
#endif
