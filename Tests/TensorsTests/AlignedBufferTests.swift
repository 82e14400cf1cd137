import Tensors
import Testing

@Suite struct AlignedBufferTests {
    /// Small buffers come from the allocator, those from 1 MB on are mapped on their own.
    @Test(arguments: [0, 1, 17, (1 << 18) - 16, (1 << 18) - 15, 1 << 18, (1 << 18) + 1, 5_000_003])
    func everyBufferIsZeroedAlignedAndWritable(count: Int) {
        for _ in 0..<3 {
            let buffer = AlignedBuffer<Float>(count: count)
            #expect(buffer.count == count && buffer.elements.count == count)
            #expect(UInt(bitPattern: buffer.pointer) % 64 == 0)
            #expect(buffer.elements.allSatisfy { $0 == 0 })
            buffer.fill(1.5)
            #expect(buffer.elements.allSatisfy { $0 == 1.5 })
        }
    }

    /// Kernels gain by huge pages only where a buffer begins at one; its end needs no whole page.
    @Test(arguments: [4 << 20, (4 << 20) + 1, (6 << 20) - 4095, 9_999_999])
    func largeBuffersBeginAtAHugePage(byteCount: Int) {
        let buffers = (0..<4).map { _ in AlignedBuffer<UInt8>(count: byteCount) }
        for buffer in buffers {
            #expect(UInt(bitPattern: buffer.pointer) % (2 << 20) == 0)
            buffer.pointer[byteCount - 1] = 7
            #expect(buffer.pointer[0] == 0 && buffer.pointer[byteCount - 1] == 7)
        }
    }

    @Test func buffersDoNotOverlap() {
        let buffers = (0..<6).map { AlignedBuffer<UInt8>(count: (1 << 22) + $0 * 1_000_001) }
        for (number, buffer) in buffers.enumerated() { buffer.fill(UInt8(number + 1)) }
        for (number, buffer) in buffers.enumerated() {
            #expect(buffer.elements.allSatisfy { $0 == UInt8(number + 1) })
        }
    }

    @Test func anArrayGoesInAndComesOut() {
        let values = (0..<1_200_000).map { UInt32($0) }
        #expect(AlignedBuffer(values).array == values)
    }
}
