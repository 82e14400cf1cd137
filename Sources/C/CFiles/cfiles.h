// What the system has and Swift's Glibc module leaves out, because it is Linux's own.
#pragma once

/// Flushes the file system that holds an open file: 0, or -1 and errno (Linux 2.6.39, glibc 2.14).
int syncfs(int descriptor);
