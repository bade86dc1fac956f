/// The nodes of a document in its order; never changes.
final class XMLTree: Sendable {
  /// No node.
  static let none: Int32 = -1

  struct Node: Sendable {
    enum Kind: UInt8, Sendable {
      case element
      case attribute
      case text
    }

    var kind: Kind
    /// Whether no sibling before it has its name.
    var isFirstOfName = true
    var parent: Int32
    /// Index in `names`; of a text: 0.
    var name: Int32 = 0
    var firstPart = XMLTree.none
    var nextPart = XMLTree.none
    /// The next sibling of its name.
    var nextOfName = XMLTree.none
    /// In `text`.
    var start: Int32 = 0
    var end: Int32 = 0

    var range: Range<Int> { Int(start)..<Int(end) }
  }

  /// The outermost element is the first one.
  let nodes: [Node]
  /// Each name once.
  let names: [[UInt8]]
  /// Of attributes and texts.
  let text: [UInt8]

  init(nodes: [Node], names: [[UInt8]], text: [UInt8]) {
    self.nodes = nodes
    self.names = names
    self.text = text
  }

  func following(_ index: Int32) -> Int? { index == Self.none ? nil : Int(index) }

  /// Attributes, elements and texts of an element, in order.
  func parts(of index: Int) -> Parts { Parts(tree: self, upcoming: nodes[index].firstPart) }

  struct Parts: Sequence, IteratorProtocol {
    let tree: XMLTree
    var upcoming: Int32

    mutating func next() -> Int? {
      guard let index = tree.following(upcoming) else { return nil }
      upcoming = tree.nodes[index].nextPart
      return index
    }
  }
}
