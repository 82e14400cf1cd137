import Documents
import Foundation

/// A text file that only grows: what is appended to it is in it as a whole or not at all.
///
/// Rank-local; one process writes the file.
final class AppendedFile {
    let path: String
    private let descriptor: Int32

    /// Opens the file at its end; makes it where it is missing.
    init(_ path: String) throws(FileError) {
        let isNew = !FileAccess.exists(path)
        let opened = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw .lastCall("write", path) }
        if isNew {
            do throws(FileError) {
                try FileAccess.synchronizeFolder((path as NSString).deletingLastPathComponent)
            } catch {
                close(opened)
                throw error
            }
        }
        self.path = path
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// Appends a text. When that fails, what was written of it is taken away again.
    ///
    /// - Parameter isDurable: wait until the text is on the disk, so that it survives the machine's failure; otherwise
    ///   it survives that of the process.
    func append(_ text: String, isDurable: Bool) throws(FileError) {
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw .lastCall("write", path) }
        do throws(FileError) {
            let bytes = Array(text.utf8)
            var written = 0
            while written < bytes.count {
                let taken = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
                if taken < 0 && errno == EINTR { continue }
                guard taken > 0 else { throw .lastCall("write", path) }
                written += taken
            }
            if isDurable, fsync(descriptor) != 0, errno != EINVAL { throw .lastCall("flush", path) }
        } catch {
            _ = ftruncate(descriptor, information.st_size)
            throw error
        }
    }
}
