import Networks
import Tensors

/// A compiled network with one set of weights per member of the ensemble.
public final class SessionNetwork: PatchNetwork {
    private let session: Session
    private let members: [AlignedBuffer<Float>]

    /// - Parameters:
    ///   - session: compiled for the plan's patch; its batch is the number of patches per call.
    ///   - members: weights in the architecture's layout.
    /// - Precondition: at least one member, and all of the layout's size.
    public init(session: Session, members: [AlignedBuffer<Float>]) {
        precondition(!members.isEmpty, "a network without weights")
        self.session = session
        self.members = members
    }

    public var inputChannelCount: Int { session.architecture.inputChannelCount }
    public var headCount: Int { session.architecture.headCount }
    public var patchSize: [Int] { session.patchSize }
    public var batchSize: Int { session.batchSize }
    public var memberCount: Int { members.count }

    public func useMember(_ index: Int) { session.load(weights: members[index]) }

    public func logits(_ patches: UnsafePointer<Float>) -> UnsafePointer<Float> {
        session.forward(patches)
        return UnsafePointer(session.logits(level: 0))
    }
}
