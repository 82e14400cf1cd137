import ArgumentParser
import Checkpoints
import Cluster
import Foundation
import Kernels
import Threads

/// `pgps info`: what this program is and what it runs on.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Shows version, CPU, engine, threads, ranks and libraries.",
        discussion: """
            Example:
              pgps info
              mpirun -n 2 pgps info
            """)

    /// Version of the program.
    static let version = "0.1.0"

    @OptionGroup var threadOptions: ThreadOptions

    func run() throws {
        try ClusterScope.run { runtime in
            let world = runtime.world
            try threadOptions.apply(on: runtime)
            let places = try world.gather(
                "\(world.place.host): rank \(world.rank), \(Threads.count) threads, "
                    + "\(Threads.availableCoreCount) cores to run on")
            guard let places else { return }
            let rows = [
                ("pgps", Self.version),
                ("CPU", LibraryEnvironment.cpuFeatures.joined(separator: ", ")),
                (
                    "engine",
                    "oneDNN \(OneDNN.version) with \(OneDNN.instructionSet), "
                        + "\(Self.list(Engine.oneDNN.precisions)), auto is \(Precision.fastest.rawValue)"
                ),
                (
                    "3×3×3",
                    Winograd.factors.isEmpty
                        ? "by oneDNN; Winograd's kernels need AVX-512"
                        : "by Winograd's F(2, 3) in \(Self.list(Winograd.factors))"
                ),
                ("reference engine", "\(OpenBLAS.configuration), kernels for \(OpenBLAS.coreName)"),
                ("MPI", ClusterRuntime.libraryVersion), ("HDF5", Checkpoint.libraryVersion),
                ("ranks", "\(world.size)"),
            ]
            for (name, value) in rows { print(name.padding(toLength: 18, withPad: " ", startingAt: 0) + value) }
            for place in places { print("  " + place) }
        }
    }

    private static func list(_ precisions: [Precision]) -> String {
        precisions.map(\.rawValue).joined(separator: " and ")
    }
}
