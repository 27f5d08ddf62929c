use super::agreement::*;
use super::*;
use crate::suite::case::Operation;

fn answer_of(fault: Option<Fault>, symmetric: bool, values: &[f32]) -> Option<Vec<u8>> {
    Faulty::new(fault).encode_tensor(&[values.len() as u64], values, symmetric).ok()
}

#[test]
#[ignore]
fn rates() {
    for &fault in Fault::ALL.iter().filter(|f| f.operation() == Operation::Encode) {
        let mut line = format!("{:36}", fault.name());
        let mut dice = Dice(7);
        for kind in 0..6 {
            for symmetric in [false, true] {
                let mut hits = 0;
                let mut real_hits = 0;
                for _ in 0..2000 {
                    let mut normal = |sd: f32| {
                        let s: f32 =
                            (0..12).map(|_| dice.below(1 << 24) as f32 / (1 << 24) as f32).sum();
                        (s - 6.0) * sd
                    };
                    let values: Vec<f32> = match kind {
                        0 => (0..32).map(|_| normal(0.02)).collect(),
                        1 => (0..32).map(|_| normal(1e-6)).collect(),
                        2 => (0..32).map(|_| 1.0 + normal(0.001)).collect(),
                        3 => (0..32).map(|_| (normal(8.0)).round() / 2.0).collect(),
                        4 => (0..7).map(|_| normal(0.02)).collect(),
                        _ => {
                            let step = 1.0 + normal(0.1);
                            let base = normal(3.0);
                            (0..32)
                                .map(|i| {
                                    base + step
                                        * [
                                            0.0, 15.0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5,
                                            9.5, 10.5, 11.5, 12.5, 13.5,
                                        ][i % 16]
                                })
                                .collect()
                        }
                    };
                    let sound = answer_of(None, symmetric, &values);
                    let other = answer_of(Some(fault), symmetric, &values);
                    hits += usize::from(sound != other);
                    let dec = |b: &Option<Vec<u8>>| {
                        b.as_ref().map(|b| {
                            Faulty::new(None)
                                .values(b, values.len() as u64)
                                .iter()
                                .map(|v| v.to_bits())
                                .collect::<Vec<_>>()
                        })
                    };
                    real_hits += usize::from(dec(&sound) != dec(&other));
                }
                line += &format!(" {:5.1}/{:5.1}", hits as f64 / 20.0, real_hits as f64 / 20.0);
            }
            line += " |";
        }
        println!("{line}");
    }
}

#[test]
#[ignore]
fn compact() {
    for &fault in
        Fault::ALL.iter().filter(|f| f.operation() == Operation::Encode && f.class() == 44)
    {
        for symmetric in [false, true] {
            let mut found = Vec::new();
            'search: for a in -40i32..40 {
                for b in a..40 {
                    for c in b..40 {
                        for scale in [1.0f32, 0.1, 0.5, 0.01] {
                            let v = [a as f32 * scale, c as f32 * scale, b as f32 * scale];
                            let d = |f| {
                                answer_of(f, symmetric, &v).map(|b| {
                                    Faulty::new(None)
                                        .values(&b, 3)
                                        .iter()
                                        .map(|v| v.to_bits())
                                        .collect::<Vec<_>>()
                                })
                            };
                            if d(None) != d(Some(fault)) {
                                found.push(v);
                                if found.len() >= 3 {
                                    break 'search;
                                }
                            }
                        }
                    }
                }
            }
            println!("{:36} {symmetric} {found:?}", fault.name());
        }
    }
}
