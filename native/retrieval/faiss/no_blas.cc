// The graph draws random numbers by a file of FAISS that also invents test vectors, and multiplies matrices for that. The
// linker wants to know by what; nobody calls it.
#include <cstdlib>

extern "C" int sgemm_() { std::abort(); }
