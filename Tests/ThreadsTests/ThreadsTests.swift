import Testing
import Threads

@Suite struct ThreadsTests {
    @Test(arguments: [0, 1, 2, 7, 1000]) func everyIndexIsVisitedOnce(count: Int) {
        let results = Threads.map(count) { (index) throws(Never) in index * index }
        #expect(results == (0..<count).map { $0 * $0 })
    }

    @Test func theErrorOfTheLowestIndexIsThrown() {
        struct Failure: Error, Equatable { let index: Int }
        #expect(throws: Failure(index: 3)) {
            try Threads.map(100) { (index) throws(Failure) -> Int in
                if index % 4 == 3 { throw Failure(index: index) }
                return index
            }
        }
    }
}
