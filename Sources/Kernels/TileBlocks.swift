/// The tiles of 2×2×2 outputs of a 3-D map, in rows along W, cut into blocks of rows that are worked on at once.
///
/// The map and the channels alone decide, not the number of threads.
struct TileBlocks {
    /// Rows of all samples, one per pair of slices and pair of lines.
    let rowCount: Int
    let rowTileCount: Int
    let rowsPerBlock: Int
    /// Each block is one thread's; else they come one after another, each on all threads.
    let areSideBySide: Bool

    struct Block {
        let firstRow: Int
        let rowCount: Int
        let tileCount: Int
    }

    /// Weights of at most so many pairs of channels stay in a core's second cache.
    private static let mostCachedPairs = 64 * 64
    /// Tiles whose lines stay there beside them.
    private static let cachedTileCount = 24
    /// Scalars of the lines of a tile per channel.
    private static let lineScalarCount = 32
    /// Scalars of the lines of a block that all threads share.
    private static let sharedScalarCount = 4 << 20

    init(_ shape: ConvolutionShape) {
        let tiles = shape.outputSize.map { ($0 + 1) / 2 }
        rowCount = shape.batchSize * tiles[0] * tiles[1]
        rowTileCount = tiles[2]
        let (inner, outer) = (shape.inputChannelCount, shape.outputChannelCount)
        areSideBySide = inner * outer <= Self.mostCachedPairs
        let most =
            areSideBySide ? Self.cachedTileCount : Self.sharedScalarCount / (Self.lineScalarCount * (inner + outer))
        rowsPerBlock = min(max(1, most / rowTileCount), rowCount)
    }

    var tileCount: Int { rowCount * rowTileCount }
    var blockTileCount: Int { rowsPerBlock * rowTileCount }
    var count: Int { (rowCount + rowsPerBlock - 1) / rowsPerBlock }

    subscript(index: Int) -> Block {
        let first = index * rowsPerBlock
        let rows = min(rowsPerBlock, rowCount - first)
        return Block(firstRow: first, rowCount: rows, tileCount: rows * rowTileCount)
    }
}
