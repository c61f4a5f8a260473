mod alarms;
mod world;
