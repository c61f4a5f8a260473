//! The customer stories, each readable from top to bottom, through the public API with all five services.
//!
//! One executable, because each further one links the whole platform again.

mod story_01_comparison;
mod story_01_satisfaction;
mod story_01_storm;
mod story_02_pilot;
mod story_03_worth;
mod story_04_goals;
mod story_05_credit;
mod story_05_employees;
mod story_06_contact_budget;
mod story_06_survey;
mod story_12_perception_gap;
mod story_22_next_door;
