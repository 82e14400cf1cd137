internal import CThreads
import Foundation

/// Settings that libgomp and OpenBLAS read when they are loaded, before any code of ours runs.
public enum LibraryEnvironment {
    /// The settings that suit this CPU, for variables that the user has not set.
    ///
    /// - `OMP_WAIT_POLICY=passive`: waiting threads sleep; active ones cost a millisecond per loop on shared cores.
    /// - `OPENBLAS_CORETYPE`: OpenBLAS 0.3.21 takes newer CPUs with AVX-512 for older ones without.
    static func missingSettings(environment: [String: String]) -> [String: String] {
        var settings: [String: String] = [:]
        if environment["OMP_WAIT_POLICY"] == nil { settings["OMP_WAIT_POLICY"] = "passive" }
        if environment["OPENBLAS_CORETYPE"] == nil {
            if cthreads_cpu_has_avx512_bf16() != 0 {
                settings["OPENBLAS_CORETYPE"] = "Cooperlake"
            } else if cthreads_cpu_has_avx512() != 0 {
                settings["OPENBLAS_CORETYPE"] = "SkylakeX"
            }
        }
        return settings
    }

    /// Starts the program again, once, with the settings that were missing. Call it first in `main`, before MPI.
    ///
    /// Returns where nothing was missing, and where the system does not allow it: then the program is only slower.
    public static func prepare() {
        let marker = "PGPS_LIBRARY_ENVIRONMENT"
        let environment = ProcessInfo.processInfo.environment
        let settings = missingSettings(environment: environment)
        guard environment[marker] == nil, !settings.isEmpty else { return }
        for (name, value) in settings { setenv(name, value, 1) }
        setenv(marker, "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        execv("/proc/self/exe", &arguments)
    }

    /// Widest vector instructions of this CPU that matter here.
    public static var cpuFeatures: [String] {
        [
            ("AVX2", cthreads_cpu_has_avx2()), ("AVX-512", cthreads_cpu_has_avx512()),
            ("AVX-512 BF16", cthreads_cpu_has_avx512_bf16()),
        ].compactMap { $0.1 != 0 ? $0.0 : nil }
    }
}
