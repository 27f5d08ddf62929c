//! What may be answered: one type for the evaluator, the judge and the case file.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::format::Class;

/// The lawful answers to a question: a closed union, none of which accepts just anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Lawful<T> {
    /// This answer.
    One(T),
    /// What one of these behaviours gives; the first is the preferred one.
    OneOf(Vec<Behaviour<T>>),
    /// Any answer within the bound of the operation: ENC-B1 of an encode, DOT-1 of a product.
    Within {
        /// A refusal with one of these classes is lawful as well; none where it is not.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        refuse: BTreeSet<Class>,
    },
    /// A refusal; each of the classes is right for it.
    Refuse(BTreeSet<Class>),
    /// SPEC.md demands nothing; why. No case has this.
    #[serde(skip)]
    Undemanded(String),
}

/// A lawful behaviour and what it gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Behaviour<T> {
    /// Its name in SPEC.md; several are joined by `+`.
    pub name: String,
    /// What is lawful under it: one answer, or a refusal.
    pub expect: Lawful<T>,
}

impl<T> Behaviour<T> {
    /// A behaviour that gives this answer.
    pub fn answers(name: &str, answer: T) -> Self {
        Self { name: name.into(), expect: Lawful::One(answer) }
    }

    /// A behaviour that refuses with this class.
    pub fn refuses(name: &str, class: Class) -> Self {
        Self { name: name.into(), expect: Lawful::refuse([class]) }
    }
}

impl<T> Lawful<T> {
    /// A refusal for which each of these classes is right.
    pub fn refuse(classes: impl IntoIterator<Item = Class>) -> Self {
        Self::Refuse(classes.into_iter().collect())
    }

    /// Nothing is demanded.
    pub fn undemanded(why: impl Into<String>) -> Self {
        Self::Undemanded(why.into())
    }

    /// What these behaviours give; one alone needs no name.
    pub fn one_of(mut behaviours: Vec<Behaviour<T>>) -> Self {
        match behaviours.len() {
            1 => behaviours.remove(0).expect,
            _ => Self::OneOf(behaviours),
        }
    }

    /// `answer`, or a refusal with `class` by those of the behaviour `refuses`.
    pub fn either(accepts: &str, answer: T, refuses: &str, class: Class) -> Self {
        Self::OneOf(vec![Behaviour::answers(accepts, answer), Behaviour::refuses(refuses, class)])
    }

    /// The same of each answer changed.
    pub fn map<U>(self, change: impl Fn(T) -> U) -> Lawful<U> {
        self.map_by(&change)
    }

    fn map_by<U>(self, change: &dyn Fn(T) -> U) -> Lawful<U> {
        match self {
            Self::One(answer) => Lawful::One(change(answer)),
            Self::OneOf(behaviours) => Lawful::OneOf(
                behaviours
                    .into_iter()
                    .map(|Behaviour { name, expect }| Behaviour {
                        name,
                        expect: expect.map_by(change),
                    })
                    .collect(),
            ),
            Self::Within { refuse } => Lawful::Within { refuse },
            Self::Refuse(classes) => Lawful::Refuse(classes),
            Self::Undemanded(why) => Lawful::Undemanded(why),
        }
    }

    /// Whether a subject that refuses everything would be right here.
    pub fn may_refuse(&self) -> bool {
        match self {
            Self::Refuse(_) => true,
            Self::OneOf(behaviours) => {
                behaviours.iter().any(|behaviour| behaviour.expect.may_refuse())
            }
            Self::Within { refuse } => !refuse.is_empty(),
            Self::One(_) | Self::Undemanded(_) => false,
        }
    }
}
