// swift-tools-version: 6.1
import PackageDescription

/// One row per room: what it may import. A room imports only rooms that stand in earlier rows, and each C library is
/// imported by exactly one room (README, "The rooms").
let rooms: [(name: String, imports: [String])] = [
    ("Curriculum", []),
    ("Documents", ["CCrypto", "CFiles"]),
    ("Threads", ["CThreads"]),
    ("Archives", ["CISAL"]),
    ("Tensors", []),
    ("Cluster", ["Tensors", "Threads", "COpenMPI"]),
    ("Kernels", ["Tensors", "Threads", "CKernels", "COpenBLAS"]),
    ("Volumes", ["Tensors", "Threads", "Archives", "Documents", "CNIfTI"]),
    ("Networks", ["Kernels", "Tensors", "Threads"]),
    ("Objectives", ["Networks", "Kernels", "Tensors", "Threads"]),
    ("Datasets", ["Volumes", "Tensors", "Threads", "Documents"]),
    ("Patches", ["Datasets", "Curriculum", "Tensors", "Threads"]),
    ("Evaluation", ["Datasets", "Volumes", "Tensors", "Threads", "Documents"]),
    ("Pictures", ["Datasets", "Volumes", "Tensors", "Threads", "Documents", "CPNG"]),
    ("Checkpoints", ["Networks", "Cluster", "Archives", "Tensors", "Threads", "Documents", "CHDF5"]),
    (
        "Prediction",
        [
            "Checkpoints", "Evaluation", "Datasets", "Volumes", "Networks", "Archives", "Tensors", "Threads",
            "Documents",
        ]
    ),
    (
        "Training",
        [
            "Patches", "Objectives", "Prediction", "Checkpoints", "Cluster", "Curriculum", "Datasets", "Networks",
            "Kernels", "Evaluation", "Tensors", "Threads", "Documents", "Yams",
        ]
    ),
    ("Reporting", ["Training", "Evaluation", "Curriculum", "Documents"]),
    (
        "Benchmarks",
        [
            "Reporting", "Training", "Prediction", "Cluster", "Datasets", "Objectives", "Networks", "Kernels",
            "Tensors",
            "Threads", "Documents",
        ]
    ),
    ("CommandLineSpelling", []),
]

/// System libraries by pkg-config name and Debian package.
let systemLibraries: [Target] = [
    .systemLibrary(
        name: "COpenMPI", path: "Sources/C/COpenMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(
        name: "CHDF5", path: "Sources/C/CHDF5", pkgConfig: "hdf5-openmpi", providers: [.apt(["libhdf5-openmpi-dev"])]),
    .systemLibrary(
        name: "COpenBLAS", path: "Sources/C/COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CISAL", path: "Sources/C/CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
    .systemLibrary(name: "CPNG", path: "Sources/C/CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CFiles", path: "Sources/C/CFiles"),
    .systemLibrary(
        name: "CCrypto", path: "Sources/C/CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
]

/// C targets of our own: what Swift cannot import or vectorise. libnifti and oneDNN have no pkg-config file.
let cTargets: [Target] = [
    .target(
        name: "CNIfTI", path: "Sources/C/CNIfTI",
        linkerSettings: [.linkedLibrary("nifti2"), .linkedLibrary("znz"), .linkedLibrary("z")]),
    .target(name: "CThreads", path: "Sources/C/CThreads", linkerSettings: [.linkedLibrary("gomp")]),
    .target(name: "CKernels", path: "Sources/C/CKernels", linkerSettings: [.linkedLibrary("dnnl")]),
]

let everyRoom: [Target.Dependency] = rooms.map { .init(stringLiteral: $0.name) }

/// Rooms with unit tests, in Tests/<room>Tests, and those whose tests have files beside them, in Fixtures. A test target
/// sees its room, what that room imports, and Documents.
let testedRooms: Set = [
    "Curriculum", "Documents", "Threads", "Archives", "Tensors", "Cluster", "Kernels", "Volumes", "Networks",
    "Objectives", "Datasets", "Patches", "Evaluation", "Pictures", "Checkpoints", "Prediction", "Training",
    "Reporting", "Benchmarks", "CommandLineSpelling",
]
let roomsWithFixtures: Set = [
    "Archives", "Volumes", "Networks", "Objectives", "Datasets", "Patches", "Evaluation", "Checkpoints", "Prediction",
]
let roomTests: [Target] = rooms.filter { testedRooms.contains($0.name) }.map { room in
    .testTarget(
        name: room.name + "Tests",
        dependencies: Set(["TestSupport", "Documents", room.name] + room.imports).sorted().map {
            .init(stringLiteral: $0)
        },
        exclude: roomsWithFixtures.contains(room.name) ? ["Fixtures"] : [])
}

let package = Package(
    name: "pgps",
    products: [.executable(name: "pgps", targets: ["pgps"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "5.0.1"),
    ],
    targets: systemLibraries + cTargets
        + rooms.map { .target(name: $0.name, dependencies: $0.imports.map { .init(stringLiteral: $0) }) }
        + [
            .executableTarget(
                name: "pgps",
                dependencies: everyRoom + [.product(name: "ArgumentParser", package: "swift-argument-parser")])
        ]
        + [
            .target(name: "TestSupport", path: "Tests/TestSupport"),
            // What needs several processes: `mpirun --oversubscribe -n 3 .build/release/rank-tests`.
            .executableTarget(
                name: "rank-tests",
                dependencies: [
                    "Training", "Cluster", "Checkpoints", "Objectives", "Networks", "Kernels", "Tensors", "Threads",
                    "Documents",
                ],
                path: "Tests/RankTests", exclude: ["checkpoint_digest.py"]),
            // Values that no command shows, for the comparison with nnU-Net (launch/conformance).
            .executableTarget(
                name: "conformance-probe",
                dependencies: [
                    "Prediction", "Objectives", "Networks", "Patches", "Datasets", "Curriculum", "Kernels", "Tensors",
                    "Threads", "Documents",
                ],
                path: "Tests/Conformance/Probe"),
        ]
        + roomTests
        // The built program as users run it.
        + [.testTarget(name: "EndToEndTests", dependencies: ["TestSupport", "Documents", "Volumes", "Tensors"])],
    swiftLanguageModes: [.v6]
)
