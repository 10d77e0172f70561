use super::super::super::Order;
use super::*;

#[test]
fn every_step_is_in_every_order_once_and_penalties_come_first() {
    let own = Order::own(&[Step::Temperature, Step::TopP]).unwrap();
    for order in [Order::LlamaCpp, Order::HuggingFace, own] {
        let steps = order.steps();
        for step in Step::ALL {
            assert_eq!(steps.iter().filter(|it| **it == step).count(), 1, "{} in {order}", step.name());
        }
        assert!(steps.is_sorted_by_key(|it| !it.is_penalty()), "{order}");
    }
}

#[test]
fn a_step_is_written_down_by_its_name_and_read_back() {
    for step in Step::ALL {
        let text = serde_json::to_string(&step).unwrap();
        assert_eq!(text, format!("\"{}\"", step.recorded()));
        assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), step);
        assert_eq!((step.name().parse(), step.recorded().parse()), (Ok(step), Ok(step)));
    }
}
