import CPNG
import Documents
import Pictures
import TestSupport
import Testing

@Suite struct PictureTests {
    /// Width, height and pixels of a PNG file, as libpng reads it.
    static func read(_ bytes: [UInt8]) throws -> Picture {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        let isOpen = bytes.withUnsafeBytes { png_image_begin_read_from_memory(&image, $0.baseAddress, $0.count) }
        try #require(isOpen != 0)
        image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
        var pixels = [UInt8](repeating: 0, count: Int(image.width * image.height) * 3)
        try #require(png_image_finish_read(&image, nil, &pixels, 0, nil) != 0)
        return Picture(width: Int(image.width), height: Int(image.height), pixels: pixels)
    }

    @Test("A picture comes back from its file") func roundTrip() throws {
        try TestFiles.withTemporaryFolder { folder in
            let picture = Picture(width: 3, height: 2, pixels: (0..<18).map { UInt8($0 * 14) })
            try picture.write(to: folder + "/a.png")
            #expect(try FileAccess.list(folder) == ["a.png"])
            let bytes = try FileAccess.read(folder + "/a.png")
            #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
            #expect(try Self.read(bytes) == picture)
            let large = Picture(
                width: 300, height: 200, pixels: (0..<180_000).map { UInt8(truncatingIfNeeded: $0 * $0) })
            #expect(try Self.read(large.png()) == large)
            let error = #expect(throws: PictureError.self) { try picture.write(to: folder + "/none/a.png") }
            #expect("\(try #require(error))".contains(folder + "/none/a.png"))
        }
    }
}
