//! ENTITY-MIB (RFC 6933) entPhysicalTable.

use std::collections::BTreeMap;

use super::{Ask, Group, Index, Oid, Session, Value, Walked};

/// ifIndex, what entAliasMappingIdentifier names a part by that is a port.
const IF_INDEX: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 1];
/// entAliasMappingEntry
const ALIAS_ENTRY: [u32; 11] = [1, 3, 6, 1, 2, 1, 47, 1, 3, 2, 1];
/// entPhysicalClass of a chassis.
const CHASSIS: u64 = 3;
/// How many parts may lie in one another: a port in a module in a container in a chassis in a stack is five.
const MOST_NESTED: usize = 16;

const ENTRY: [u32; 11] = [1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1];

/// Most parts whose names and numbers are asked for: a full stack of line cards.
const MOST_PARTS: usize = 240;

/// Chassis, modules and stacks as words: what a register lists. Fans and sensors are not.
#[must_use]
pub fn part(class: &Value) -> Option<&'static str> {
    match class.number()? {
        3 => Some("chassis"),
        9 => Some("module"),
        11 => Some("stack"),
        _ => None,
    }
}

/// Columns by entPhysicalIndex, of the parts that [`part`] names.
#[derive(Debug)]
pub struct Entity {
    /// entPhysicalClass
    pub class: Walked,
    /// entPhysicalName
    pub name: Walked,
    /// entPhysicalModelName
    pub model: Walked,
    /// entPhysicalSerialNum
    pub serial: Walked,
    /// entPhysicalSoftwareRev
    pub software: Walked,
    /// entAliasMappingIdentifier, by part and logical entity: which interface a part is.
    pub alias: Walked,
    /// entPhysicalContainedIn of every part, where there are several chassis.
    pub contained: Walked,
}

/// Reads them. Which interface each part is, is asked for where there are several chassis, or where `aliases` are
/// wanted for something else.
pub async fn read(ask: &Ask<'_, impl Session>, aliases: bool) -> Entity {
    // A chassis has hundreds of sensors and containers, and a few parts with a serial number: only their cells are
    // asked for.
    let class = ask.seldom_where(Group::Entity, &ENTRY, &[5], |_, class| part(class).is_some()).await;
    let indexes: Vec<Index> = class.rows.iter().map(|(index, _)| index.clone()).take(MOST_PARTS).collect();
    let cells = |arc| ask.seldom_cells(Group::Entity, &ENTRY, arc, &indexes);
    let (name, model, serial, software) = tokio::join!(cells(7), cells(13), cells(11), cells(10));
    let stacked = class.rows.iter().filter(|(_, class)| class.number() == Some(CHASSIS)).count() > 1;
    let alias =
        if stacked || aliases { ask.seldom(Group::Entity, &ALIAS_ENTRY, &[2]).await } else { Walked::not_needed() };
    let contained = if stacked && !alias.rows.is_empty() {
        ask.seldom(Group::Entity, &ENTRY, &[4]).await
    } else {
        Walked::not_needed()
    };
    Entity { class, name, model, serial, software, alias, contained }
}

impl Entity {
    /// The interface that each part is, by entPhysicalIndex.
    #[must_use]
    pub fn interfaces(&self) -> BTreeMap<u32, u32> {
        let port = Oid::new(&IF_INDEX);
        let one = |(index, value): &(Index, Value)| match (index.as_slice(), value) {
            ([part, _], Value::Oid(oid)) => match oid.under(&port)? {
                [if_index] => Some((*part, *if_index)),
                _ => None,
            },
            _ => None,
        };
        self.alias.rows.iter().filter_map(one).collect()
    }

    /// The chassis of each interface, by ifIndex, where there are several: its entPhysicalIndex.
    #[must_use]
    pub fn chassis(&self) -> BTreeMap<u32, u32> {
        let numbers = |column: &Walked| -> BTreeMap<u32, u64> {
            let one = |(index, value): &(Index, Value)| Some((*index.first()?, value.number()?));
            column.rows.iter().filter_map(one).collect()
        };
        let (class, contained) = (numbers(&self.class), numbers(&self.contained));
        let outward = |part: &u32| contained.get(part).and_then(|outer| u32::try_from(*outer).ok());
        let chassis_of = |part: u32| {
            std::iter::successors(Some(part), outward).take(MOST_NESTED).find(|part| class.get(part) == Some(&CHASSIS))
        };
        self.interfaces().into_iter().filter_map(|(part, if_index)| Some((if_index, chassis_of(part)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::WalkEnd;

    #[test]
    fn a_port_is_in_the_chassis_that_holds_it_however_deep_and_a_circle_holds_nothing() {
        let column = |rows: Vec<(Vec<u32>, Value)>| Walked {
            rows: rows.into_iter().map(|(index, value)| (index.into(), value)).collect(),
            end: WalkEnd::Complete,
        };
        let numbers = |rows: &[(u32, i64)]| {
            column(rows.iter().map(|(part, value)| (vec![*part], Value::Integer(*value))).collect())
        };
        let port = |if_index: u32| Value::Oid(Box::new(Oid::new(&IF_INDEX).join(&[if_index])));
        let sensor = Value::Oid(Box::new(Oid::new(&[1, 3, 6, 1, 2, 1, 99, 1])));
        let entity = Entity {
            class: numbers(&[(1, 11), (1001, 3), (2001, 3), (1002, 9)]),
            name: Walked::not_needed(),
            model: Walked::not_needed(),
            serial: Walked::not_needed(),
            software: Walked::not_needed(),
            alias: column(vec![
                (vec![1009, 0], port(10_101)),
                (vec![2009, 0], port(10_601)),
                (vec![77, 0], port(5)),
                (vec![1010, 0], sensor),
            ]),
            contained: numbers(&[(1009, 1002), (1002, 1001), (1001, 1), (2009, 2001), (2001, 1), (77, 78), (78, 77)]),
        };
        assert_eq!(entity.chassis(), [(10_101, 1001), (10_601, 2001)].into());
    }
}
