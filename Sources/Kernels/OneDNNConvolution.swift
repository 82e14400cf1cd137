internal import CKernels
import Threads

/// A convolution compiled by oneDNN for its blocked layouts.
final class OneDNNConvolution: Convolution {
    let shape: ConvolutionShape
    let scratchByteCount: Int
    let algorithm = ConvolutionAlgorithm.oneDNN
    private let handle: OpaquePointer
    /// Has the weights, where this one has none of its own.
    private var weightOwner: OneDNNConvolution?

    static var channelBlock: Int { Int(ckonednn_block()) }

    init(_ shape: ConvolutionShape) throws(KernelError) {
        var plain = ckonednn_shape()
        plain.batch = Int64(shape.batchSize)
        plain.input_channels = Int64(shape.inputChannelCount)
        plain.output_channels = Int64(shape.outputChannelCount)
        plain.input = Self.triple(shape.inputSize)
        plain.output = Self.triple(shape.outputSize)
        plain.kernel = Self.triple(shape.kernel)
        plain.stride = Self.triple(shape.stride)
        plain.padding = Self.triple(shape.isTransposed ? [0, 0, 0] : shape.kernel.map { ($0 - 1) / 2 })
        plain.transposed = shape.isTransposed ? 1 : 0
        plain.plain_input = shape.isFirst ? 1 : 0
        plain.accumulates = shape.accumulates ? 1 : 0
        plain.needs_backward = shape.needsBackward ? 1 : 0
        plain.element = shape.precision.element
        plain.weight_channel_stride = Int64(shape.weightStride)
        var problem = [CChar](repeating: 0, count: 256)
        guard let handle = ckonednn_make(&plain, &problem, problem.count) else {
            let text = String(decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw KernelError(shape: shape, problem: text)
        }
        self.shape = shape
        self.handle = handle
        self.scratchByteCount = ckonednn_scratch_bytes(handle)
    }

    deinit { ckonednn_free(handle) }

    private static func triple(_ values: [Int]) -> (Int64, Int64, Int64) {
        (Int64(values[0]), Int64(values[1]), Int64(values[2]))
    }

    /// The implementations chosen for forward, backward data and backward weights.
    var implementations: [String] { (0..<3).map { String(cString: ckonednn_implementation(handle, Int32($0))) } }

    func shareWeights(of other: any Convolution) -> Bool {
        guard let other = other.weightHolder as? OneDNNConvolution, ckonednn_share_weights(handle, other.handle) != 0
        else { return false }
        weightOwner = other
        return true
    }

    func setWeights(_ weights: UnsafePointer<Float>) {
        guard weightOwner == nil else { return }
        ckonednn_set_weights(handle, weights)
        nonisolated(unsafe) let (handle, weights) = (handle, weights)
        for direction in Int32(0)..<2 {
            Threads.forEach(Int(ckonednn_weight_rows(handle, direction))) { row in
                ckonednn_pack_row(handle, direction, Int64(row), weights)
            }
        }
    }

    func forward(_ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer) {
        check(ckonednn_forward(handle, input, output, scratch), "forward")
    }

    func backwardData(
        _ outputGradient: UnsafeRawPointer, _ inputGradient: UnsafeMutableRawPointer,
        scratch: UnsafeMutableRawPointer
    ) {
        check(ckonednn_backward_data(handle, outputGradient, inputGradient, scratch), "backward data")
    }

    func backwardWeights(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer, _ weights: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        check(ckonednn_backward_weights(handle, input, outputGradient, weights, scratch), "backward weights")
        nonisolated(unsafe) let (handle, weights, scratch) = (handle, weights, scratch)
        Threads.forEach(Int(ckonednn_weight_rows(handle, 2))) { row in
            ckonednn_unpack_row(handle, Int64(row), scratch, weights)
        }
    }

    /// A compiled primitive fails only when it is called wrongly.
    private func check(_ status: Int32, _ direction: String) {
        precondition(status == 0, "oneDNN's \(direction) pass failed with status \(status) on \(shape)")
    }
}

/// What `pgps info` tells of the convolution library.
public enum OneDNN {
    public static var version: String { String(cString: ckonednn_version()) }
    /// The widest instruction set that its kernels use here.
    public static var instructionSet: String { String(cString: ckonednn_instruction_set()) }
}
