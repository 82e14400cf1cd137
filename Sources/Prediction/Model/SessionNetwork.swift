import Networks
import Tensors

/// A compiled network with one set of weights per member of the ensemble.
public final class SessionNetwork: PatchNetwork {
    private let session: Session
    /// Empty once the session holds the weights of the only member.
    private var members: [AlignedBuffer<Float>]
    private var loadedMember: Int?
    public let memberCount: Int

    /// - Parameters:
    ///   - session: compiled for the plan's patch, and this network's alone; its batch is the number of patches per
    ///     call.
    ///   - members: weights in the architecture's layout, which stay as they are. The only one of a single model is let
    ///     go as soon as the session has taken it over.
    /// - Precondition: at least one member, and all of the layout's size.
    public init(session: Session, members: [AlignedBuffer<Float>]) {
        precondition(!members.isEmpty, "a network without weights")
        self.session = session
        self.members = members
        memberCount = members.count
    }

    public var inputChannelCount: Int { session.architecture.inputChannelCount }
    public var headCount: Int { session.architecture.headCount }
    public var patchSize: [Int] { session.patchSize }
    public var batchSize: Int { session.batchSize }

    public func useMember(_ index: Int) {
        guard loadedMember != index else { return }
        session.load(weights: members[index])
        loadedMember = index
        if memberCount == 1 { members = [] }
    }

    public func logits(_ patches: UnsafePointer<Float>) -> UnsafePointer<Float> {
        session.forward(patches)
        return UnsafePointer(session.logits(level: 0))
    }
}
