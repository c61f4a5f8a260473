//! What the service knows and decides, free of wire and tables.

mod board;
mod cohort;
mod cohort_extension;
mod comparison;
mod confounder;
mod cost;
mod department;
mod dependency;
mod digest;
mod employees;
mod goal;
mod initiative;
mod issue;
mod issue_relation;
mod iteration;
mod later_evidence;
mod measurement;
mod mention;
mod news;
mod owed;
mod pilot;
mod principle;
mod priority;
mod recognition;
mod series;
mod severity;
mod split;
mod state;
mod target;
mod team;
mod telling;
mod trace;
mod transition;
mod verdict;
mod workload;
mod worth;

pub(crate) use board::{
    AtWork, Blocker, BlockerKind, Board, BoardStage, BoardSummary, LookSaid, OnBoard, Projected,
};
pub(crate) use cohort::{Cohort, Member};
pub(crate) use cohort_extension::CohortExtension;
pub(crate) use comparison::Comparison;
pub(crate) use confounder::{Confounder, MOST_NAMED, alone, undisturbed};
pub(crate) use cost::{Cost, CostKind, CostTotal, Currency, MOST_UNITS, Money};
pub(crate) use department::{Department, email};
pub(crate) use dependency::{MOST_DEPENDENCIES, check_dependencies, held_up_by};
pub(crate) use digest::{Digest, DigestSchedule, DigestScope, DigestSubscription, Letter, grouped};
pub(crate) use employees::ReportGroup;
pub(crate) use goal::{
    Estimate, Goal, GoalChange, GoalDraft, GoalMeasurement, GoalState, GoalTrack, Measured, Progress,
    Quantity, Slice,
};
pub(crate) use initiative::{Change, Conclusion, Draft, Initiative};
pub(crate) use issue::{Detection, Issue, Origin, Report, Widening};
pub(crate) use issue_relation::{IssueRelation, RelationKind, Statement};
pub(crate) use iteration::{Action, Iteration, PilotOverride, Rollout};
pub(crate) use later_evidence::{Complaint, LaterEvidence, complaints};
pub(crate) use measurement::{Judgement, Look, MeasurementPlan, PlannedComparison, Seen, judge};
pub(crate) use mention::{MentionDay, count_mentions};
pub(crate) use news::{DigestItem, News, NewsKind};
pub(crate) use owed::{Owed, OwedBecause, Reached};
pub(crate) use pilot::{
    Answers, Arm, ArmCount, Assignment, Candidate, Exposure, Gathered, Mention, Pilot, PilotGuard, PilotLook,
    PilotMetric, PilotState, Rating, Said, Sentiment, Setup, StratumAnswers, StratumCheck, is_due, take,
};
pub(crate) use principle::Principle;
pub(crate) use priority::{Facts, Input, LookBack, Mentions, Priority, Term, TermKind};
pub(crate) use recognition::{CreditedMember, Recognition, Thanks};
pub(crate) use series::{LOOK_BACK, Series};
pub(crate) use severity::{Ruling, Severity, SeverityAssessment};
pub(crate) use split::Part;
pub(crate) use state::{InitiativeState, IssueState, WrongState};
pub(crate) use target::{Metric, Target, moved};
pub(crate) use team::{TeamMember, TeamRole};
pub(crate) use telling::{CohortTelling, Telling, TellingCount, TellingState, TellingSummary};
pub(crate) use trace::{LoopProgress, TracedFeedback};
pub(crate) use transition::{Step, Transition};
pub(crate) use verdict::{Decision, Verdict, VerdictComparison, assumption};
pub(crate) use workload::{TeamWorkload, Workload};
pub(crate) use worth::{
    Appraisal, Basis, ContactChange, LOOKED_BACK, MoneyBounds, ShareBounds, Wanted, WorthCause,
    WorthParameters, WorthStatement,
};

#[cfg(test)]
pub(crate) use issue::tests::issue as issue_for_tests;
