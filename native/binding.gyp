# The addon through node-gyp (npm run build:gyp), for those without CMake: the same sources with the same flags, found by
# their folders. Linux with GCC or Clang and FAISS 1.7.3 where the compiler finds it. It lies here and not in the package's root,
# and is not published: npm would run node-gyp for it on every install.
{
  "variables": {
    "eigen%": "/usr/include/eigen3",
    "sources_of": "node ../scripts/gyp-sources.mjs",
    "avx512": ["-mavx2", "-mfma", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mprefer-vector-width=512"],
  },
  "target_defaults": {
    "include_dirs": [".", "retrieval/faiss"],
    "cflags": ["-isystem <(eigen)", "-O3", "-fPIC", "-Wall", "-Wextra", "-ffp-contract=off", "-fvisibility=hidden"],
    "cflags!": ["-fno-omit-frame-pointer"],
    "cflags_cc": ["-std=c++20", "-fvisibility-inlines-hidden"],
    "cflags_cc!": ["-fno-rtti", "-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
    # Node's own wish for a Node-API addon's Release; NDEBUG as CMake has it.
    "defines": ["NDEBUG"],
  },
  "targets": [
    {
      "target_name": "plain",
      "type": "static_library",
      "sources": ["<!@(<(sources_of) plain compute retrieval prediction)"],
      "defines": ["EIGEN_DONT_PARALLELIZE"],
    },
    {
      "target_name": "assignment",
      "type": "static_library",
      "sources": ["<!@(<(sources_of) plain assignment)"],
      "defines": ["EIGEN_DONT_VECTORIZE", "Eigen=EigenWithoutPackets"],
    },
    {
      "target_name": "omnirouter",
      # What FAISS names is here once more, outside of an archive: the linker reads FAISS after those.
      "sources": ["<!@(<(sources_of) plain bindings retrieval/faiss)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "EIGEN_DONT_VECTORIZE", "Eigen=EigenWithoutPackets"],
      "libraries": ["-lfaiss"],
      "ldflags": [
        "-static-libstdc++",
        "-Wl,--gc-sections,-Bsymbolic,-z,nodelete,-z,now",
        "-Wl,--version-script=<(module_root_dir)/bindings/exports.map",
      ],
      "dependencies": ["assignment", "plain"],
      "conditions": [
        ["target_arch=='x64'", {"dependencies": ["kernels_avx2", "kernels_avx512"]}],
        ["target_arch=='arm64'", {"dependencies": ["kernels_neon"]}],
      ],
    },
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "kernels_avx2",
          "type": "static_library",
          "sources": ["<!@(<(sources_of) avx2 assignment retrieval)"],
          "cflags": ["-mavx2", "-mfma"],
        },
        {
          "target_name": "kernels_avx512",
          "type": "static_library",
          "sources": ["<!@(<(sources_of) avx512 assignment retrieval)"],
          "cflags": ["<@(avx512)", "-Wno-maybe-uninitialized", "-Wno-uninitialized"],
        },
      ],
    }],
    ["target_arch=='arm64'", {
      "targets": [
        {
          "target_name": "kernels_neon",
          "type": "static_library",
          "sources": ["<!@(<(sources_of) neon assignment retrieval)"],
        },
      ],
    }],
  ],
}
