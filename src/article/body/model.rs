//! Boosted trees over a block's features, trained by `tools/train_blocks.py`.

use std::sync::LazyLock;

use super::features::NAMES;

/// The trees that ship.
const SOURCE: &str = include_str!("model.txt");

static SHIPPED: LazyLock<Model> = LazyLock::new(|| Model::parse(SOURCE).unwrap_or_default());

/// Forests of trees whose values add up; each is trained to say the same.
#[derive(Debug, Default)]
pub struct Model {
    forests: Vec<Vec<Tree>>,
}

/// A block whose log odds the first forest holds to be lower is no text, whatever the others say:
/// most blocks of a page are of this kind.
const HOPELESS: f32 = -4.5;

#[derive(Debug)]
struct Tree {
    nodes: Vec<Node>,
    leaves: Vec<f32>,
}

/// A branch: values up to the threshold go left. A child below zero is leaf `-1 - child`.
#[derive(Debug, Clone, Copy)]
struct Node {
    feature: u16,
    threshold: f32,
    left: i16,
    right: i16,
}

impl Model {
    /// The one that ships with the program.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Reads `feature:threshold:left:right ... | leaf ...` a line, an empty line between forests;
    /// `None` for what is no such file.
    pub fn parse(source: &str) -> Option<Self> {
        let forest = |lines: &str| -> Option<Vec<Tree>> {
            let lines = lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
            lines.map(parse_tree).collect()
        };
        let forests: Option<Vec<Vec<Tree>>> = source.split("\n\n").map(forest).collect();
        Some(Self { forests: forests? })
    }

    /// How likely each block is part of the article, by its features, 0 to 1; 0 for one without. Tree
    /// by tree, as one tree stays in the processor's nearest cache and a forest does not.
    pub(super) fn probabilities(&self, rows: &[Vec<f32>]) -> Vec<f32> {
        let mut sums = vec![0.0_f32; rows.len()];
        let mut asked: Vec<usize> =
            rows.iter().enumerate().filter(|(_, row)| !row.is_empty()).map(|(at, _)| at).collect();
        let forests = f32::from(u16::try_from(self.forests.len()).unwrap_or(u16::MAX));
        for (nth, forest) in self.forests.iter().enumerate() {
            for tree in forest {
                for at in &asked {
                    if let (Some(row), Some(sum)) = (rows.get(*at), sums.get_mut(*at)) {
                        *sum += tree.value(row);
                    }
                }
            }
            if nth == 0 {
                asked.retain(|at| {
                    let Some(sum) = sums.get_mut(*at) else { return false };
                    let all = *sum * forests;
                    if all < HOPELESS {
                        *sum = all;
                    }
                    all >= HOPELESS
                });
            }
        }
        let odds = |(row, sum): (&Vec<f32>, f32)| {
            if row.is_empty() { 0.0 } else { 1.0 / (1.0 + (-sum).exp()) }
        };
        rows.iter().zip(sums).map(odds).collect()
    }
}

impl Tree {
    fn value(&self, row: &[f32]) -> f32 {
        let mut at = if self.nodes.is_empty() { -1 } else { 0 };
        // A child always stands behind its parent, so this ends.
        while let Some(node) = usize::try_from(at).ok().and_then(|at| self.nodes.get(at)) {
            let value = row.get(usize::from(node.feature)).copied().unwrap_or(0.0);
            at = if value <= node.threshold { node.left } else { node.right };
        }
        usize::try_from(-1 - at).ok().and_then(|leaf| self.leaves.get(leaf)).copied().unwrap_or(0.0)
    }
}

fn parse_tree(line: &str) -> Option<Tree> {
    let (nodes, leaves) = line.split_once('|')?;
    let nodes: Option<Vec<Node>> = nodes
        .split_whitespace()
        .enumerate()
        .map(|(at, node)| {
            let mut fields = node.split(':');
            let name = fields.next()?;
            let feature = NAMES.iter().position(|known| *known == name)?;
            let node = Node {
                feature: u16::try_from(feature).ok()?,
                threshold: fields.next()?.parse().ok()?,
                left: fields.next()?.parse().ok()?,
                right: fields.next()?.parse().ok()?,
            };
            let behind = |child: i16| usize::try_from(child).map_or(true, |child| child > at);
            (behind(node.left) && behind(node.right)).then_some(node)
        })
        .collect();
    let leaves: Option<Vec<f32>> =
        leaves.split_whitespace().map(|leaf| leaf.parse().ok()).collect();
    Some(Tree { nodes: nodes?, leaves: leaves? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_model_is_whole_and_knows_every_feature_it_names() {
        let model = Model::parse(SOURCE).expect("the model file is well formed");
        assert_eq!(model.forests.len(), 2);
        assert!(model.forests.iter().all(|trees| trees.len() > 20), "{model:?}");
    }

    #[test]
    fn a_value_on_the_threshold_goes_left() {
        let tree = parse_tree("ln_words:1.5:-1:-2 | 0.25 -0.5").expect("a tree");
        assert!(tree.value(&[1.5]) > 0.0);
        assert!(tree.value(&[1.6]) < 0.0);
    }

    #[test]
    fn only_what_the_first_forest_gives_up_is_not_asked_of_the_next() {
        let model = Model::parse("ln_words:1:-1:-2 | -3 1\n\nln_words:1:-1:-2 | 9 1").expect("two");
        let [hopeless, open] = model.probabilities(&[vec![0.5], vec![1.5]])[..] else { panic!() };
        assert!((hopeless - 1.0 / (1.0 + 6.0_f32.exp())).abs() < 1e-6, "{hopeless}");
        assert!((open - 1.0 / (1.0 + (-2.0_f32).exp())).abs() < 1e-6, "{open}");
    }

    #[test]
    fn a_tree_that_would_loop_is_refused() {
        assert!(parse_tree("ln_words:1.5:0:-1 | 1.0").is_none());
    }
}
