internal import COpenMPI
import Tensors

/// The upper part of the tree: an all-reduce made of messages and our own additions.
extension TreeSum {
    /// Adds the partial sums of all ranks and gives every rank the root, which may take the place of the first partial
    /// sum of this rank.
    func join(into result: UnsafeMutablePointer<Scalar>) throws(MPIError) {
        guard elementCount > 0 else { return }
        let size = communicator.size
        // Every rank's partial sums follow from the tree: nobody has to ask.
        let owned = (0..<size).map { rank in
            tree.largestNodes(in: Shares.leaves(rank: rank, size: size, leafCount: tree.leafCount))
        }
        let nodes = owned.flatMap { $0 }
        precondition(
            partials.map(\.node) == owned[communicator.rank], "the partial sums are not the largest nodes of the leaves"
        )
        let additions = tree.additions(joining: nodes)
        if size == 1 {
            for (into, from) in additions {
                Scalar.accumulateInParallel(partials[into].sum.pointer, partials[from].sum.pointer, elementCount)
            }
        } else if nodes.count * elementCount <= 1 << 14 {
            try joinSmall(owned, additions, into: result)
        } else {
            try joinSlices(owned, additions, into: result)
        }
    }

    private var type: OpaquePointer? {
        switch Scalar.messageType {
        case .float: cmpi_float()
        case .double: cmpi_double()
        }
    }

    private func landing(count: Int) -> UnsafeMutablePointer<Scalar> {
        if let landing, landing.count >= count { return landing.pointer }
        let buffer = AlignedBuffer<Scalar>(count: count)
        landing = buffer
        return buffer.pointer
    }

    /// Short vectors: everyone gathers all partial sums and adds them itself.
    private func joinSmall(
        _ owned: [[Range<Int>]], _ additions: [(into: Int, from: Int)], into result: UnsafeMutablePointer<Scalar>
    ) throws(MPIError) {
        let counts = owned.map { Int32($0.count * elementCount) }
        var starts: [Int32] = []
        var start: Int32 = 0
        for count in counts {
            starts.append(start)
            start += count
        }
        let all = landing(count: Int(start))
        let own = all + Int(starts[communicator.rank])
        for (index, partial) in partials.enumerated() {
            (own + index * elementCount).update(from: partial.sum.pointer, count: elementCount)
        }
        try MPI.check("MPI_Allgatherv") {
            MPI_Allgatherv(cmpi_in_place(), 0, type, all, counts, starts, type, communicator.handle)
        }
        for (into, from) in additions {
            Scalar.accumulate(all + into * elementCount, all + from * elementCount, elementCount)
        }
        result.update(from: all, count: elementCount)
    }

    /// Long vectors: each rank adds one slice of the vector, in pieces that bound the memory, then all gather the
    /// slices.
    private func joinSlices(
        _ owned: [[Range<Int>]], _ additions: [(into: Int, from: Int)], into result: UnsafeMutablePointer<Scalar>
    ) throws(MPIError) {
        let size = communicator.size
        let rank = communicator.rank
        _ = try MPI.count(elementCount, "MPI_Allgatherv")
        let slices = (0..<size).map { Shares.range(rank: $0, size: size, count: elementCount) }
        let nodeCount = owned.reduce(0) { $0 + $1.count }
        let longest = slices[0].count
        let piece = min(longest, max(1 << 12, (1 << 24) / nodeCount))
        let landing = landing(count: (nodeCount - owned[rank].count) * piece)

        var requests: [OpaquePointer?] = []
        for start in stride(from: 0, to: longest, by: piece) {
            let own = Self.piece(of: slices[rank], start, piece)
            var places: [UnsafeMutablePointer<Scalar>] = []
            var free = landing
            requests.removeAll(keepingCapacity: true)
            var tag: Int32 = 0
            for (source, nodes) in owned.enumerated() {
                for index in nodes.indices {
                    if source == rank {
                        places.append(partials[index].sum.pointer + own.lowerBound)
                    } else {
                        places.append(free)
                        if !own.isEmpty { try receive(free, own.count, from: source, tag: tag, &requests) }
                        free += piece
                    }
                    tag += 1
                }
            }
            let firstTag = Int32(owned[..<rank].reduce(0) { $0 + $1.count })
            for step in 1..<size {
                let target = (rank + step) % size
                let theirs = Self.piece(of: slices[target], start, piece)
                guard !theirs.isEmpty else { continue }
                for (index, partial) in partials.enumerated() {
                    try send(
                        partial.sum.pointer + theirs.lowerBound, theirs.count, to: target, tag: firstTag + Int32(index),
                        &requests)
                }
            }
            let count = Int32(requests.count)
            try MPI.check("MPI_Waitall") { cmpi_wait_all(count, &requests) }
            for (into, from) in additions { Scalar.accumulateInParallel(places[into], places[from], own.count) }
            // Nobody else reads this rank's own slice of its partial sums.
            if places[0] != result + own.lowerBound {
                (result + own.lowerBound).update(from: places[0], count: own.count)
            }
        }
        let counts = slices.map { Int32($0.count) }
        let starts = slices.map { Int32($0.lowerBound) }
        try MPI.check("MPI_Allgatherv") {
            MPI_Allgatherv(cmpi_in_place(), 0, type, result, counts, starts, type, communicator.handle)
        }
    }

    private static func piece(of slice: Range<Int>, _ start: Int, _ length: Int) -> Range<Int> {
        let lower = min(slice.upperBound, slice.lowerBound + start)
        return lower..<min(slice.upperBound, lower + length)
    }

    private func receive(
        _ target: UnsafeMutablePointer<Scalar>, _ count: Int, from source: Int, tag: Int32,
        _ requests: inout [OpaquePointer?]
    ) throws(MPIError) {
        var request: OpaquePointer? = cmpi_request_null()
        try MPI.check("MPI_Irecv") {
            MPI_Irecv(target, Int32(count), type, Int32(source), tag, communicator.handle, &request)
        }
        requests.append(request)
    }

    private func send(
        _ source: UnsafeMutablePointer<Scalar>, _ count: Int, to target: Int, tag: Int32,
        _ requests: inout [OpaquePointer?]
    ) throws(MPIError) {
        var request: OpaquePointer? = cmpi_request_null()
        try MPI.check("MPI_Isend") {
            MPI_Isend(source, Int32(count), type, Int32(target), tag, communicator.handle, &request)
        }
        requests.append(request)
    }
}
