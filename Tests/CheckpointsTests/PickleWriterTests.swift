import Checkpoints
import Documents
import Testing

@Suite struct PickleWriterTests {
    /// By Python's pickletools: `}( X 'a' ]( J 1 G 2.5 True None e u .`.
    @Test("A document is written by pickle's protocol 2") func document() {
        let list: [UInt8] =
            Array("](".utf8) + [0x4A, 1, 0, 0, 0] + [0x47, 0x40, 4, 0, 0, 0, 0, 0, 0] + [0x88] + Array("Ne".utf8)
        let key: [UInt8] = [0x58, 2, 0, 0, 0, 0xC3, 0xA4]
        #expect(
            PickleWriter.pickle(["ä": [1, 2.5, true, .null]]) == [0x80, 2] + Array("}(".utf8) + key + list
                + Array("u.".utf8))
    }
}
