internal import CPNG
import Documents

/// A picture of red, green and blue, 8 bits each.
public struct Picture: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// `[height, width, 3]`, rows from the top.
    public var pixels: [UInt8]

    /// - Precondition: at least one pixel, and three numbers for each.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(
            width > 0 && height > 0 && pixels.count == 3 * width * height,
            "\(pixels.count) numbers for a picture of \(width) × \(height)")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// The picture as a PNG file.
    ///
    /// - Throws: ``PictureError/png(reason:)`` with libpng's words, such as for more than 2³¹ pixels in a row.
    public func png() throws(PictureError) -> [UInt8] {
        guard let width = UInt32(exactly: width), let height = UInt32(exactly: height) else {
            throw .png(reason: "\(self.width) × \(self.height) pixels are too many")
        }
        var message = [CChar](repeating: 0, count: 64)
        var count = 0
        var bytes: [UInt8] = []
        // The first call says how many bytes the second one writes.
        for _ in 0..<2 {
            bytes = [UInt8](repeating: 0, count: count)
            let isWritten = bytes.withUnsafeMutableBytes { target in
                cpng_write_rgb(count == 0 ? nil : target.baseAddress, &count, pixels, width, height, &message)
            }
            guard isWritten != 0 else {
                throw .png(reason: String(decoding: message.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
            }
        }
        return Array(bytes.prefix(count))
    }

    /// Writes a `.png` file as a whole.
    public func write(to path: String) throws(PictureError) {
        let bytes = try png()
        do { try FileAccess.replace(path, with: bytes, isFlushed: false) } catch { throw .file(error) }
    }
}
