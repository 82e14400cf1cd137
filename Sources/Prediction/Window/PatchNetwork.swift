/// A network as the sliding window sees it: patches in, logits out.
///
/// Several members (one per fold) share one shape; their logits are averaged.
public protocol PatchNetwork: AnyObject {
    var inputChannelCount: Int { get }
    /// Channels of the logits.
    var headCount: Int { get }
    /// Voxels of one patch, `[D, H, W]`.
    var patchSize: [Int] { get }
    /// Patches per call.
    var batchSize: Int { get }
    /// Members of the ensemble, at least one.
    var memberCount: Int { get }

    /// Makes the calls that follow use a member's weights.
    func useMember(_ index: Int) throws

    /// Runs the network.
    ///
    /// - Shapes: `patches` `[batchSize, C, D, H, W]`; result `[batchSize, headCount, D, H, W]`, valid until the next
    ///   call.
    func logits(_ patches: UnsafePointer<Float>) throws -> UnsafePointer<Float>
}
