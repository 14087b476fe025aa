/* The functions of shapes whose arguments and results are plain values, through nanobind. */

#include <nanobind/nanobind.h>

extern "C" {
#include "void/shape.h"
#include "int2/shape.h"
#include "double3/shape.h"
#include "mixed6/shape.h"
#include "ten/shape.h"
#include "bytes/shape.h"
#include "uint64/shape.h"
#include "numeric/shape.h"
}

NB_MODULE(functions, module)
{
    module.def("nothing", &nothing);
    module.def("add", &add);
    module.def("blend", &blend);
    module.def("mixed", &mixed);
    module.def("sum10", &sum10);
    module.def("hash4", [](nanobind::bytes text) { return hash4(text.c_str()); });
    module.def("scramble", &scramble);
    module.def("gain", &gain);
}
