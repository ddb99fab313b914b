//! Boosted trees over a block's features, trained by `tools/train_blocks.py`.

use std::sync::LazyLock;

use super::features::NAMES;

/// The trees that ship.
const SOURCE: &str = include_str!("model.txt");

static SHIPPED: LazyLock<Model> = LazyLock::new(|| Model::parse(SOURCE).unwrap_or_default());

/// A forest of trees whose values add up.
#[derive(Debug, Default)]
pub struct Model {
    trees: Vec<Tree>,
}

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

    /// Reads `feature:threshold:left:right ... | leaf ...` a line; `None` for what is no such file.
    pub fn parse(source: &str) -> Option<Self> {
        let lines = source.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let trees: Option<Vec<Tree>> = lines.map(parse_tree).collect();
        Some(Self { trees: trees? })
    }

    /// How likely each block is part of the article, by its features, 0 to 1; 0 for one without. Tree
    /// by tree, as one tree stays in the processor's nearest cache and a forest does not.
    pub(super) fn probabilities(&self, rows: &[Vec<f32>]) -> Vec<f32> {
        let mut sums = vec![0.0_f32; rows.len()];
        for tree in &self.trees {
            for (row, sum) in rows.iter().zip(&mut sums).filter(|(row, _)| !row.is_empty()) {
                *sum += tree.value(row);
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
        assert!(model.trees.len() > 20, "{} trees", model.trees.len());
    }

    #[test]
    fn a_value_on_the_threshold_goes_left() {
        let tree = parse_tree("ln_words:1.5:-1:-2 | 0.25 -0.5").expect("a tree");
        assert!(tree.value(&[1.5]) > 0.0);
        assert!(tree.value(&[1.6]) < 0.0);
    }

    #[test]
    fn a_tree_that_would_loop_is_refused() {
        assert!(parse_tree("ln_words:1.5:0:-1 | 1.0").is_none());
    }
}
