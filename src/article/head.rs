//! What a page says of itself, collected in one pass over the tree: meta tags, links, JSON-LD,
//! script state, microdata, headings and times.

use ego_tree::NodeRef;
use scraper::{Html, Node};
use serde_json::Value;
use url::Url;

use super::body::lexicon;
use super::metadata::unescaped;
use super::{dom, jsonld, title};

/// More `<time>`, headings or bylines than this tell nothing new.
const KEPT_MAX: usize = 200;

/// The page's claims, in document order.
#[derive(Default)]
pub(super) struct Head<'a> {
    pub(super) html_lang: Option<&'a str>,
    pub(super) title: Option<String>,
    /// Key in lower case, value as written.
    pub(super) metas: Vec<(String, &'a str)>,
    pub(super) canonical: Option<&'a str>,
    pub(super) licence: Option<&'a str>,
    /// Every object of every JSON-LD script that has a type.
    pub(super) ld: Vec<Value>,
    /// Which of them describes the article.
    article: Option<usize>,
    /// Scripts that may hold the page's state.
    pub(super) scripts: Vec<NodeRef<'a, Node>>,
    /// What is there for who runs no scripts: HTML as text, as the parser leaves it.
    pub(super) noscripts: Vec<NodeRef<'a, Node>>,
    pub(super) headings: Vec<NodeRef<'a, Node>>,
    /// `<h3>` and `<h4>`.
    pub(super) subheadings: Vec<NodeRef<'a, Node>>,
    /// The heading that is the article's; known when its title is.
    pub(super) headline: Option<NodeRef<'a, Node>>,
    pub(super) times: Vec<NodeRef<'a, Node>>,
    /// Elements with `itemprop`, and its value.
    pub(super) props: Vec<(&'a str, NodeRef<'a, Node>)>,
    /// Elements whose class, id or rel says that they name an author.
    pub(super) bylines: Vec<NodeRef<'a, Node>>,
    /// Elements whose class says that they hold the date.
    pub(super) datelines: Vec<NodeRef<'a, Node>>,
    /// A redirect by `<meta http-equiv=refresh>`.
    pub(super) refresh: Option<&'a str>,
    pub(super) passwords: usize,
}

impl<'a> Head<'a> {
    pub(super) fn collect(html: &'a Html, url: &Url) -> Self {
        let mut head = Self::default();
        for node in html.tree.nodes() {
            let Node::Element(element) = node.value() else { continue };
            let attr = |name| dom::attr(element, name);
            match element.name() {
                "html" => {
                    head.html_lang =
                        head.html_lang.or_else(|| attr("lang")).or_else(|| attr("xml:lang"));
                }
                "meta" => head.meta(element),
                "title" if head.title.is_none() => {
                    let in_svg = node
                        .ancestors()
                        .any(|up| up.value().as_element().is_some_and(|e| e.name() == "svg"));
                    let title = crate::text::clean_line(&dom::script_text(node));
                    if !in_svg && !title.is_empty() {
                        head.title = Some(title);
                    }
                }
                "link" => match (attr("rel"), attr("href")) {
                    (Some(rel), Some(href)) if rel.eq_ignore_ascii_case("canonical") => {
                        head.canonical.get_or_insert(href);
                    }
                    (Some(rel), Some(href)) if rel.eq_ignore_ascii_case("license") => {
                        head.licence.get_or_insert(href);
                    }
                    _ => {}
                },
                "script" => match attr("type") {
                    Some(kind) if kind.trim().eq_ignore_ascii_case("application/ld+json") => {
                        jsonld::collect(&dom::script_text(node), &mut head.ld);
                    }
                    _ if attr("src").is_none() => head.scripts.push(node),
                    _ => {}
                },
                "noscript" => head.noscripts.push(node),
                "h1" | "h2" if head.headings.len() < KEPT_MAX => head.headings.push(node),
                "h3" | "h4" if head.subheadings.len() < KEPT_MAX => head.subheadings.push(node),
                "time" if head.times.len() < KEPT_MAX => head.times.push(node),
                "input" if attr("type") == Some("password") => head.passwords += 1,
                _ => {}
            }
            head.marked(node);
        }
        head.article = jsonld::article(&head.ld, |object| head.is_described_by(object, url));
        head
    }

    /// Whether an object is of this page's article or of another, as far as its address or its
    /// headline tells.
    fn is_described_by(&self, object: &Value, url: &Url) -> Option<bool> {
        let path = |address: &str| {
            let address = url.join(address).ok()?;
            (address.path().len() > 1).then(|| address.path().trim_end_matches('/').to_owned())
        };
        let own = [Some(url.as_str()), self.canonical].map(|address| path(address?));
        let stated = ["mainEntityOfPage", "url", "@id"].map(|key| {
            path(jsonld::string(object, key)?.split('#').next().filter(|text| !text.is_empty())?)
        });
        if stated.iter().flatten().any(|path| own.iter().flatten().any(|own| own == path)) {
            return Some(true);
        }
        let headline = jsonld::string(object, "headline").map(unescaped)?;
        if title::share_in_address(url, &headline) > 0.5 {
            return Some(true);
        }
        let metas = self.first_meta(&["og:title"]).map(unescaped);
        let titles = metas.into_iter().chain(self.title.clone());
        let titles = titles.chain(self.headings.iter().map(|node| dom::text(*node)));
        let nearest = titles.map(|text| title::overlap(&headline, &text)).fold(0.0, f32::max);
        match nearest {
            0.5.. => Some(true),
            // Other words altogether.
            0.0 if headline.split(' ').count() >= 4 => Some(false),
            _ => None,
        }
    }

    fn meta(&mut self, element: &'a scraper::node::Element) {
        let (mut key, mut content, mut refresh) = (None, None, false);
        for (name, value) in element.attrs() {
            match name {
                "property" | "name" | "itemprop" => key = key.or(Some(value)),
                "http-equiv" => refresh = value.eq_ignore_ascii_case("refresh"),
                "content" | "value" => content = content.or(Some(value)),
                _ => {}
            }
        }
        match (key, content) {
            (Some(key), Some(content)) if !content.trim().is_empty() => {
                self.metas.push((key.trim().to_ascii_lowercase(), content.trim()));
            }
            (None, Some(content)) if refresh => self.refresh = Some(content),
            _ => {}
        }
    }

    /// Notes elements that markup names: microdata, author links, bylines, datelines.
    fn marked(&mut self, node: NodeRef<'a, Node>) {
        let Node::Element(element) = node.value() else { return };
        let mut byline = false;
        let mut dateline = false;
        for (name, value) in element.attrs() {
            match name {
                "itemprop" if self.props.len() < KEPT_MAX => self.props.push((value, node)),
                "rel" => byline |= value.split(' ').any(|rel| rel == "author"),
                // A link to an author's page, wherever it stands.
                "href" => {
                    byline |= element.name() == "a"
                        && contains_any(value, &["/author/", "/authors/", "/writer/", "/autor/"]);
                }
                "class" | "id" | "data-testid" | "data-test" | "data-qa" => {
                    byline |= contains_any(value, &["author", "byline", "Byline", "Author"])
                        || contains_any(
                            value,
                            &[
                                "autor",
                                "auteur",
                                "writer",
                                "redakt",
                                "journalist",
                                "firma",
                                "muhabir",
                                "yazar",
                                "avtor",
                                "penulis",
                            ],
                        );
                    byline |= value.contains("field--name-uid")
                        || value.split(' ').any(|name| name == "username") && is_submitter(node);
                    dateline |= contains_any(
                        value,
                        &["date", "Date", "time", "publish", "datum", "posted", "fecha", "tarih"],
                    );
                }
                _ => {}
            }
        }
        if byline && self.bylines.len() < KEPT_MAX {
            self.bylines.push(node);
        }
        if dateline && self.datelines.len() < KEPT_MAX {
            self.datelines.push(node);
        }
    }

    /// The first value of the first of `keys` that the page gives.
    pub(super) fn first_meta(&self, keys: &[&str]) -> Option<&'a str> {
        keys.iter().find_map(|key| self.all_metas(key).next())
    }

    pub(super) fn all_metas<'b>(&'b self, key: &'b str) -> impl Iterator<Item = &'a str> + 'b {
        self.metas.iter().filter(move |(name, _)| name == key).map(|(_, value)| *value)
    }

    /// The JSON-LD object that describes the article.
    pub(super) fn article(&self) -> Option<&Value> {
        self.ld.get(self.article?)
    }
}

/// Whether a user's name stands in what Drupal calls the submission of an article.
fn is_submitter(user: NodeRef<'_, Node>) -> bool {
    let mut names =
        user.ancestors().take(5).filter_map(|up| dom::attr(up.value().as_element()?, "class"));
    names.any(|name| contains_any(name, &["submitted", "node__meta"]))
        && !user.ancestors().filter_map(|up| up.value().as_element()).any(|element| {
            dom::attr(element, "class")
                .is_some_and(|name| lexicon::marks(name) & lexicon::COMMENT != 0)
        })
}

fn contains_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}
