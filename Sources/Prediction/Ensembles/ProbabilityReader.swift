import Archives
import Datasets
import Documents
import Tensors

/// Reads the probabilities of one case, a `.npz` file as ``PredictionFiles`` and nnU-Net write it, from the first class'
/// first voxel to the last one's last.
///
/// - Shapes: the array `probabilities` is `[heads, D, H, W]`, float32, or float16 as early releases of nnU-Net wrote it.
package final class ProbabilityReader {
    package let path: String
    package let shape: [Int]
    private let content: ZipEntryReader
    private let isHalf: Bool
    private var halves: [Float16] = []

    /// Opens a file and reads the array's header.
    ///
    /// - Throws: ``EnsembleError`` when the file is damaged or holds another array.
    package init(path: String) throws(EnsembleError) {
        self.path = path
        do {
            let archive = try ZipReader(path: path)
            guard let entry = archive["probabilities.npy"] else {
                let names = archive.entries.map(\.name).joined(separator: ", ")
                throw EnsembleError.probabilities(
                    path: path, problem: "it has no array \"probabilities\" (but \(names.isEmpty ? "none" : names))")
            }
            content = try ZipEntryReader(entry, of: archive)
            let header = try Self.header(content, path: path)
            (shape, isHalf) = (header.shape, header.isHalf)
        } catch let error as EnsembleError {
            throw error
        } catch {
            throw .probabilities(path: path, problem: "\(error)")
        }
    }

    /// NumPy's own headers have 128 bytes.
    private static let longestHeader = 1 << 16

    private static func header(_ content: ZipEntryReader, path: String) throws -> (shape: [Int], isHalf: Bool) {
        var bytes = [UInt8](repeating: 0, count: 12)
        guard try bytes.withUnsafeMutableBytes({ try content.read(into: $0) }) == bytes.count else {
            throw EnsembleError.probabilities(path: path, problem: "its array is cut off")
        }
        let count = NumPyFile.headerByteCount(bytes)
        guard count > bytes.count, count <= content.entry.count, count <= longestHeader else {
            throw EnsembleError.probabilities(path: path, problem: "its array has no NumPy header")
        }
        var rest = [UInt8](repeating: 0, count: count - bytes.count)
        _ = try rest.withUnsafeMutableBytes { try content.read(into: $0) }
        bytes += rest
        let (descriptor, shape, offset) = try bytes.withUnsafeBytes { try NumPyFile.parseHeader($0, path: path) }
        guard descriptor == "<f4" || descriptor == "<f2", shape.count == 4, shape.allSatisfy({ $0 > 0 }) else {
            throw EnsembleError.probabilities(
                path: path,
                problem: "its array is '\(descriptor)' of shape \(shape), but must be '<f4' of [heads, D, H, W]")
        }
        let isHalf = descriptor == "<f2"
        var (needed, overflow) = (isHalf ? 2 : 4, false)
        for extent in shape where !overflow { (needed, overflow) = needed.multipliedReportingOverflow(by: extent) }
        guard !overflow, needed == content.entry.count - offset else {
            throw EnsembleError.probabilities(
                path: path, problem: "an array of shape \(shape) is not \(content.entry.count - offset) bytes long")
        }
        return (shape, isHalf)
    }

    /// Reads the next values.
    ///
    /// - Precondition: so many values are left.
    package func read(into target: UnsafeMutableBufferPointer<Float>) throws(EnsembleError) {
        do {
            var count = 0
            if isHalf {
                if halves.count < target.count { halves = Array(repeating: 0, count: target.count) }
                let bytes = 2 * target.count
                count = try halves.withUnsafeMutableBytes { buffer in
                    try content.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<bytes])) / 2
                }
                for index in 0..<count { target[index] = Float(halves[index]) }
            } else {
                count = try content.read(into: UnsafeMutableRawBufferPointer(target)) / 4
            }
            precondition(count == target.count, "\(path) was read beyond its end")
        } catch {
            throw .probabilities(path: path, problem: "\(error)")
        }
    }
}
