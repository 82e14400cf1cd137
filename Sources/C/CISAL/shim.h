// ISA-L: gzip at several times the speed of zlib.
#pragma once
#include <isa-l.h>
