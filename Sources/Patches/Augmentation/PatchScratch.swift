import Synchronization
import Tensors

/// Working memory of one thread: grows to the largest patch it has served and is used again.
package final class PatchScratch {
    private var volumeBuffer = AlignedBuffer<Float>(count: 0)
    private var rowBuffer = AlignedBuffer<Float>(count: 0)
    private var contentBuffer = AlignedBuffer<Float>(count: 0)
    private var contentLabelBuffer = AlignedBuffer<Int16>(count: 0)
    /// Gets the time of every step; nil where nobody asks.
    var profile: PatchProfile?

    package init() {}

    /// Room for one channel.
    func volume(_ count: Int) -> UnsafeMutablePointer<Float> { Self.grown(&volumeBuffer, to: count) }

    /// Room for a few rows.
    func rows(_ count: Int) -> UnsafeMutablePointer<Float> { Self.grown(&rowBuffer, to: count) }

    /// Room for the image of a patch before it is resampled.
    func content(_ count: Int) -> UnsafeMutablePointer<Float> { Self.grown(&contentBuffer, to: count) }

    /// Room for the labels of a patch before they are resampled.
    func contentLabels(_ count: Int) -> UnsafeMutablePointer<Int16> { Self.grown(&contentLabelBuffer, to: count) }

    private static func grown<Scalar>(
        _ buffer: inout AlignedBuffer<Scalar>, to count: Int
    ) -> UnsafeMutablePointer<Scalar> {
        if buffer.count < count { buffer = AlignedBuffer(count: count) }
        return buffer.pointer
    }
}

/// Working memory for any number of threads, kept between batches.
///
/// Safety: `idle` is only touched under its lock, and whoever takes a scratch has it alone until it is given back.
final class ScratchPool: @unchecked Sendable {
    private let lock = Mutex<Void>(())
    private var idle: [PatchScratch] = []

    func withScratch<Result>(_ body: (PatchScratch) -> Result) -> Result {
        let scratch = lock.withLock { _ in idle.popLast() } ?? PatchScratch()
        defer { lock.withLock { _ in idle.append(scratch) } }
        return body(scratch)
    }
}
