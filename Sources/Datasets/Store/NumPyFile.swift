import Documents
import Foundation
import Tensors

/// NumPy's `.npy` files: a short text header, then the array in C order.
///
/// Standard: NumPy enhancement proposal 1, format versions 1.0 to 3.0; little-endian arrays in C order only.
package enum NumPyFile {
    /// NumPy's name of an element type.
    package protocol Element: BitwiseCopyable {
        static var descriptor: String { get }
    }

    /// The bytes in front of an array of this shape; a multiple of 64.
    package static func header<Scalar: Element>(of type: Scalar.Type, shape: [Int]) -> [UInt8] {
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '\(Scalar.descriptor)', 'fortran_order': False, 'shape': (\(extents)), }"
        let used = 10 + text.utf8.count + 1
        text += String(repeating: " ", count: (64 - used % 64) % 64) + "\n"
        let length = text.utf8.count
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
    }

    /// Writes a new file; nothing of it remains when that fails.
    package static func write<Scalar: Element>(
        _ elements: UnsafeBufferPointer<Scalar>, shape: [Int], to path: String
    ) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .lastCall("write", path) }
        do throws(FileError) {
            let header = AlignedBuffer(header(of: Scalar.self, shape: shape))
            try write(UnsafeRawBufferPointer(header.elements), to: descriptor, path)
            try write(UnsafeRawBufferPointer(elements), to: descriptor, path)
        } catch {
            close(descriptor)
            unlink(path)
            throw error
        }
        guard close(descriptor) == 0 else { throw .lastCall("write", path) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let taken = Glibc.write(
                descriptor, bytes.baseAddress.map { $0 + written }, min(bytes.count - written, 1 << 30))
            if taken < 0 && errno == EINTR { continue }
            guard taken > 0 else { throw .lastCall("write", path) }
            written += taken
        }
    }

    /// A copy of the array in a file.
    ///
    /// - Throws: ``FileError`` as ``elements(of:as:)``, and when the file cannot be read.
    package static func read<Scalar: Element & Sendable>(
        _ path: String, as type: Scalar.Type
    ) throws(FileError) -> Tensor<Scalar> {
        let file = try MappedFile(path)
        let (shape, elements) = try elements(of: file, as: type)
        return Tensor(shape: shape, scalars: Array(elements))
    }

    /// The shape and elements of a mapped array; the elements live as long as `file`.
    ///
    /// - Throws: ``FileError`` when the header is malformed, names another element type, or does not fit the file's
    /// size.
    static func elements<Scalar: Element>(
        of file: MappedFile, as type: Scalar.Type
    ) throws(FileError) -> (shape: [Int], elements: UnsafeBufferPointer<Scalar>) {
        let (descriptor, shape, offset) = try parseHeader(file.bytes, path: file.path)
        guard descriptor == Scalar.descriptor else {
            throw malformed(file, "its elements are '\(descriptor)', not '\(Scalar.descriptor)'")
        }
        var count = MemoryLayout<Scalar>.stride
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw malformed(file, "its shape \(shape) is too large") }
            count = product
        }
        guard count == file.bytes.count - offset else {
            throw malformed(
                file, "shape \(shape) needs \(offset + count) bytes, the file has \(file.bytes.count)")
        }
        guard let base = file.bytes.baseAddress, offset % MemoryLayout<Scalar>.alignment == 0 else {
            throw malformed(file, "its array does not start at a multiple of the element's size")
        }
        let elementCount = count / MemoryLayout<Scalar>.stride
        let pointer = (base + offset).bindMemory(to: Scalar.self, capacity: elementCount)
        return (shape, UnsafeBufferPointer(start: pointer, count: elementCount))
    }

    private static func malformed(_ file: MappedFile, _ problem: String) -> FileError { malformed(file.path, problem) }

    private static func malformed(_ path: String, _ problem: String) -> FileError {
        FileError(action: "use the array", path: path, reason: problem)
    }

    /// Bytes of the header that begins with these; as many as the first 12 promise, which may be more than there are.
    package static func headerByteCount(_ start: [UInt8]) -> Int {
        precondition(start.count >= 12, "a header's length stands in its first 12 bytes, not \(start.count)")
        let short = Int(start[8]) | Int(start[9]) << 8
        return start[6] >= 2 ? 12 + short + Int(start[10]) << 16 + Int(start[11]) << 24 : 10 + short
    }

    /// Takes a header apart.
    ///
    /// - Parameters:
    ///   - bytes: the beginning of a file, or all of it.
    ///   - path: for messages.
    /// - Returns: NumPy's name of the element type, the shape, and where the array begins.
    /// - Throws: ``FileError`` when it is malformed or the array is not in C order.
    package static func parseHeader(
        _ bytes: UnsafeRawBufferPointer, path: String
    ) throws(FileError) -> (descriptor: String, shape: [Int], offset: Int) {
        guard bytes.count >= 10, bytes.prefix(6).elementsEqual([0x93] + Array("NUMPY".utf8)) else {
            throw malformed(path, "it is no .npy file (\(bytes.count) bytes)")
        }
        let isLong = bytes[6] >= 2
        let start = isLong ? 12 : 10
        guard bytes.count >= start else { throw malformed(path, "the header is cut off") }
        var length = Int(bytes[8]) | Int(bytes[9]) << 8
        if isLong { length |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24 }
        guard length <= bytes.count - start else { throw malformed(path, "the header is cut off") }
        let header = Array(bytes[start..<start + length])
        guard let descriptor = value(of: "descr", in: header, from: "'", to: "'"),
            let extents = value(of: "shape", in: header, from: "(", to: ")"),
            end(of: "'fortran_order': False", in: header[...]) != nil
        else {
            let text = String(decoding: header, as: UTF8.self)
            throw malformed(path, "its header is \(text.trimmingCharacters(in: .whitespacesAndNewlines))")
        }
        var shape: [Int] = []
        for part in extents.split(separator: ",") {
            let words = part.split(separator: " ")
            if words.isEmpty { continue }
            guard words.count == 1, let extent = Int(words[0]), extent >= 0 else {
                throw malformed(path, "its shape is (\(extents))")
            }
            shape.append(extent)
        }
        return (descriptor, shape, start + length)
    }

    /// What stands between two marks after a key of the header.
    private static func value(of key: String, in header: [UInt8], from: String, to: String) -> String? {
        guard let keyEnd = end(of: "'\(key)':", in: header[...]),
            let start = end(of: from, in: header[keyEnd...]), let after = end(of: to, in: header[start...])
        else { return nil }
        return String(decoding: header[start..<after - to.utf8.count], as: UTF8.self)
    }

    /// The place behind the first occurrence of a word.
    private static func end(of word: String, in header: ArraySlice<UInt8>) -> Int? {
        let wanted = Array(word.utf8)
        var start = header.startIndex
        while start + wanted.count <= header.endIndex {
            if header[start..<start + wanted.count].elementsEqual(wanted) { return start + wanted.count }
            start += 1
        }
        return nil
    }
}

extension Float: NumPyFile.Element { package static var descriptor: String { "<f4" } }
extension Int16: NumPyFile.Element { package static var descriptor: String { "<i2" } }
extension Int32: NumPyFile.Element { package static var descriptor: String { "<i4" } }
