internal import COpenMPI

extension ClusterRuntime {
    /// The MPI library's own description of itself, its first line. Rank-local; also before the start.
    public static var libraryVersion: String {
        var text = [CChar](repeating: 0, count: Int(MPI_MAX_LIBRARY_VERSION_STRING))
        var length: Int32 = 0
        guard MPI_Get_library_version(&text, &length) == MPI_SUCCESS else { return "unknown" }
        let bytes = text.prefix(Int(length)).map { UInt8(bitPattern: $0) }
        return String(String(decoding: bytes, as: UTF8.self).prefix { $0 != "," && $0 != "\n" })
    }
}
