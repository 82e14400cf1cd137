internal import CKernels
import Threads

/// Average pooling over boxes that lie side by side, forward and backward.
///
/// - Shapes: input `[N, C / block, D, H, W, block]`, output `[N, C / block, D', H', W', block]` with `D' = D / stride`,
///   both in the given precision.
/// - Determinism: each output adds up its own box, each input voxel has one output: the bits do not depend on the number
///   of threads.
public final class AveragePooling: @unchecked Sendable {
    // Safety: nothing changes; inside, tasks write disjoint ranges.
    private let slabCount: Int
    private let block: Int
    private let inputSize: [Int]
    private let precision: Precision
    private let box: ckernels_box
    private let linesPerTask: Int
    /// Voxels of the output, `[D', H', W']`.
    public let outputSize: [Int]
    /// Voxels of the input that a task handles, at least.
    private static let chunk = 4096

    /// - Precondition: the stride divides the size.
    public init(
        batchSize: Int, channelCount: Int, block: Int, inputSize: [Int], stride: [Int], precision: Precision = .fp32
    ) {
        precondition(
            zip(inputSize, stride).allSatisfy { $0 >= $1 && $0 % $1 == 0 },
            "a pooling of \(stride) does not divide \(inputSize) voxels")
        slabCount = batchSize * ((channelCount + block - 1) / block)
        self.block = block
        self.inputSize = inputSize
        self.precision = precision
        outputSize = zip(inputSize, stride).map { $0 / $1 }
        box = ckernels_box(
            depth: Int64(stride[0]), height: Int64(stride[1]), width: Int64(stride[2]), line: Int64(inputSize[2]),
            plane: Int64(inputSize[1] * inputSize[2]))
        linesPerTask = max(1, Self.chunk / (stride[0] * stride[1] * inputSize[2]))
    }

    /// Calls `body` for every line of the output, with the first bytes of its boxes and of itself.
    private func forEachLine(_ body: @Sendable (_ input: Int, _ output: Int) -> Void) {
        let lines = slabCount * outputSize[0] * outputSize[1]
        let voxelBytes = block * precision.byteCount
        Threads.forEach((lines + linesPerTask - 1) / linesPerTask) { [self] task in
            for line in task * linesPerTask..<min((task + 1) * linesPerTask, lines) {
                let (plane, h) = (line / outputSize[1], line % outputSize[1])
                let (slab, d) = (plane / outputSize[0], plane % outputSize[0])
                let depth = slab * inputSize[0] + d * Int(box.depth)
                let input = (depth * inputSize[1] + h * Int(box.height)) * inputSize[2]
                body(input * voxelBytes, line * outputSize[2] * voxelBytes)
            }
        }
    }

    public func forward(_ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer) {
        nonisolated(unsafe) let (x, y) = (input, output)
        forEachLine { [self] from, to in
            ckernels_average(x + from, precision.element, box, Int64(outputSize[2]), Int32(block), y + to)
        }
    }

    /// - Parameter adding: to the gradient of the input instead of replacing it.
    public func backward(
        _ outputGradient: UnsafeRawPointer, _ inputGradient: UnsafeMutableRawPointer, adding: Bool
    ) {
        nonisolated(unsafe) let (dy, dx) = (outputGradient, inputGradient)
        forEachLine { [self] to, from in
            ckernels_average_gradient(
                dy + from, precision.element, box, Int64(outputSize[2]), Int32(block), adding ? 1 : 0, dx + to)
        }
    }
}
