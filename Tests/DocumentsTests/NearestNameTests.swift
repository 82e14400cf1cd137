import Documents
import Testing

@Suite struct NearestNameTests {
    @Test(
        "The name with the fewest changes is found",
        arguments: [
            ("pgps-perfomance", "pgps-performance"), ("CPS", "cps"), ("pgps", "pgps"), ("pgps++", "pgps+"),
            ("epcohs", "epochs"), ("", "cps"),
        ])
    func nearest(text: String, name: String) {
        let names = ["cps", "pgps", "pgps+", "pgps-efficiency", "pgps-performance", "epochs"]
        #expect(NearestName.find(text, among: names) == name)
    }

    @Test("Nothing is near nothing") func empty() {
        #expect(NearestName.find("cps", among: []) == nil)
    }
}
